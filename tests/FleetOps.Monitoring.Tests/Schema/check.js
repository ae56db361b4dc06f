// Usage: node check.js PACKAGES DASHBOARD…
// Checks dashboards against the type in dashboard.ts with the compiler in PACKAGES/node_modules. Prints one line for each fault, FILE:LINE:COLUMN
// and what is wrong, and ends with 1 when there is any.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const [packages, ...files] = process.argv.slice(2);
const ts = require(path.join(packages, 'node_modules', 'typescript'));
const header = "import type { FleetOpsDashboard } from './dashboard.ts';\nexport const dashboard: FleetOpsDashboard =\n";
const headerLines = header.split('\n').length - 1;

// A dashboard is JSON, which is an expression of TypeScript: as such its texts keep their exact types. Modules lie beside the packages.
const sources = new Map([[path.join(packages, 'dashboard.ts'), fs.readFileSync(path.join(__dirname, 'dashboard.ts'), 'utf8')]]);
const names = new Map();
for (const [index, file] of files.entries()) {
  const text = fs.readFileSync(file, 'utf8');
  JSON.parse(text);
  const module = path.join(packages, `dashboard-${index}.ts`);
  sources.set(module, `${header}${text};\n`);
  names.set(module, file);
}

const options = {
  strict: true, noEmit: true, skipLibCheck: true, types: [], allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (file) => sources.has(file) || fileExists(file);
host.readFile = (file) => sources.get(file) ?? readFile(file);
host.getSourceFile = (file, version, ...rest) => (sources.has(file) ? ts.createSourceFile(file, sources.get(file), version) : getSourceFile(file, version, ...rest));

const program = ts.createProgram([...sources.keys()], options, host);
const faults = ts.getPreEmitDiagnostics(program);
for (const fault of faults) {
  const place = fault.file ? ts.getLineAndCharacterOfPosition(fault.file, fault.start) : undefined;
  const file = fault.file && (names.get(fault.file.fileName) ?? fault.file.fileName);
  const line = place && place.line + 1 - (names.has(fault.file.fileName) ? headerLines : 0);
  console.log(`${place ? `${file}:${line}:${place.character + 1}: ` : ''}${ts.flattenDiagnosticMessageText(fault.messageText, '\n  ')}`);
}
process.exitCode = faults.length > 0 ? 1 : 0;
