// Draws dashboards; see ../draw, which calls this with the folder of the packages before its own arguments.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { colours, fit, text, rect, line, width } = require('./svg');
const { Prometheus } = require('./prometheus');

const [packages, url, folder, ...rest] = process.argv.slice(2);
const load = createRequire(path.join(packages, 'package.json'));
const echarts = load('echarts');
const { Resvg } = load('@resvg/resvg-js');
const sharp = load('sharp');
echarts.setPlatformAPI({ measureText: (content, style) => ({ width: width(content, Number(/(\d+)px/.exec(style ?? '')?.[1] ?? 12)) }) });

const kinds = { stat: require('./stat'), timeseries: require('./timeseries'), table: require('./table'), bargauge: require('./bargauge') };
const dashboards = path.join(__dirname, '..', 'dashboards');
// A cell of Grafana's grid and the room between two.
const cell = { width: 1600 / 24, height: 38 };
const gap = 8;
const heading = 56;

async function drawPanel(panel, prometheus) {
  const place = panel.gridPos;
  const box = { x: place.x * cell.width + gap / 2, y: heading + place.y * cell.height, w: place.w * cell.width - gap, h: place.h * cell.height - gap };
  if (panel.type === 'row') {
    return { drawing: text(box.x + 4, box.y + 20, panel.title, { size: 15, weight: 500 }) + line(box.x + 12 + width(panel.title, 15), box.y + 15, box.x + box.w, box.y + 15, colours.border) };
  }

  const answers = await Promise.all(panel.targets.map((target) => prometheus.ask(target)));
  const series = answers.flatMap((answer, index) => answer.map((one) => ({ ...one, column: panel.targets.length > 1 ? `Value #${panel.targets[index].refId}` : 'Value' })));
  const inside = { x: box.x, y: box.y + 34, w: box.w, h: box.h - 40 };
  const content = kinds[panel.type].draw(panel, series, inside, prometheus.range, echarts);
  return {
    empty: content === undefined,
    drawing: rect(box.x, box.y, box.w, box.h, { fill: colours.panel, stroke: colours.border, radius: 3 })
      + text(box.x + 12, box.y + 22, fit(panel.title, 14, box.w - 20), { size: 14, weight: 500 })
      + (content ?? text(inside.x + inside.w / 2, inside.y + inside.h / 2, 'No data', { size: 16, colour: colours.dim, anchor: 'middle' })),
  };
}

async function drawDashboard(name, prometheus) {
  const dashboard = JSON.parse(fs.readFileSync(path.join(dashboards, `${name}.json`), 'utf8'));
  const panels = await Promise.all(dashboard.panels.map((panel) => drawPanel(panel, prometheus)));
  const height = heading + Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * cell.height;
  const values = dashboard.templating.list.filter((variable) => variable.type !== 'datasource')
    .map((variable) => `${variable.label}: ${prometheus.variables[variable.name] === '.*' ? 'All' : prometheus.variables[variable.name]}`).join('   ·   ');
  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="1600" height="${height}">${rect(0, 0, 1600, height, { fill: colours.canvas })}`
    + text(12, 35, dashboard.title, { size: 20, weight: 600 }) + text(12 + width(dashboard.title, 20) + 40, 34, values, { size: 13, colour: colours.dim })
    + text(1588, 34, `${clock(prometheus.range.from)} to ${clock(prometheus.range.to).slice(11)} UTC`, { size: 13, colour: colours.dim, anchor: 'end' })
    + `${panels.map((panel) => panel.drawing).join('')}</svg>`;
  const inter = path.join(packages, 'node_modules', '@expo-google-fonts', 'inter');
  const fontFiles = ['400Regular/Inter_400Regular.ttf', '500Medium/Inter_500Medium.ttf', '600SemiBold/Inter_600SemiBold.ttf'].map((file) => path.join(inter, file));
  const picture = new Resvg(drawing, { font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter' } }).render().asPng();
  // A dashboard has few colours, so a palette makes the file a third as large.
  await sharp(picture).png({ palette: true, effort: 10 }).toFile(path.join(folder, `${name}.png`));
  const empty = dashboard.panels.filter((_, index) => panels[index].empty).map((panel) => panel.title);
  console.log(`${path.join(folder, `${name}.png`)}: ${dashboard.panels.filter((panel) => panel.type !== 'row').length} panels${empty.length > 0 ? `, without data: ${empty.join(', ')}` : ''}`);
}

async function main() {
  const settings = Object.fromEntries(rest.filter((one) => one.includes('=')).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
  const chosen = rest.filter((one) => !one.includes('='));
  const { minutes = '60', ...given } = settings;
  const to = Math.floor(Number(given.to ?? Date.now() / 1000));
  const span = Number(minutes) * 60;
  if (!(span > 0)) throw new Error(`minutes=${minutes} is not a number of minutes above 0.`);
  const variables = { cluster: '.*', namespace: '.*', model: '.*', operator: '.*', controller: '.*', gpu_price: '2.50', __rate_interval: '1m', ...given };
  fs.mkdirSync(folder, { recursive: true });
  const names = chosen.length > 0 ? chosen : fs.readdirSync(dashboards).map((file) => path.basename(file, '.json')).sort();
  for (const name of names) {
    await drawDashboard(name, new Prometheus(url, variables, { from: to - span, to, step: Math.max(1, Math.round(span / 300)) }));
  }
}

main().catch((error) => {
  console.error(`draw: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exitCode = 1;
});
