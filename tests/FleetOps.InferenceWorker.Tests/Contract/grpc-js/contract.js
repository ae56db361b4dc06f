// Drives a worker as a client in another language would: it learns the services from the worker's own reflection, calls them
// with @grpc/grpc-js, and writes one JSON line for each thing that it found out. The .NET test judges what stands there.
'use strict';

const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const { address, ca, token } = JSON.parse(process.argv[2]);
const credentials = ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure();
const options = { keepCase: true, longs: Number, enums: String, defaults: false, oneofs: true };

// The little that must be known beforehand: the reflection protocol itself.
const reflectionSchema = {
  nested: { grpc: { nested: { reflection: { nested: { v1: { nested: {
    ServerReflection: { methods: { ServerReflectionInfo: {
      requestType: 'ServerReflectionRequest', requestStream: true, responseType: 'ServerReflectionResponse', responseStream: true } } },
    ServerReflectionRequest: {
      oneofs: { message_request: { oneof: ['file_by_filename', 'file_containing_symbol', 'list_services'] } },
      fields: {
        host: { type: 'string', id: 1 }, file_by_filename: { type: 'string', id: 3 },
        file_containing_symbol: { type: 'string', id: 4 }, list_services: { type: 'string', id: 7 } } },
    ServerReflectionResponse: {
      oneofs: { message_response: { oneof: ['file_descriptor_response', 'list_services_response', 'error_response'] } },
      fields: {
        file_descriptor_response: { type: 'FileDescriptorResponse', id: 4 },
        list_services_response: { type: 'ListServiceResponse', id: 6 },
        error_response: { type: 'ErrorResponse', id: 7 } } },
    FileDescriptorResponse: { fields: { file_descriptor_proto: { rule: 'repeated', type: 'bytes', id: 1 } } },
    ListServiceResponse: { fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } } },
    ServiceResponse: { fields: { name: { type: 'string', id: 1 } } },
    ErrorResponse: { fields: { error_code: { type: 'int32', id: 1 }, error_message: { type: 'string', id: 2 } } },
  } } } } } } },
};

const tell = (what, value) => console.log(JSON.stringify({ what, value }));

function metadata(entries = {}) {
  const made = new grpc.Metadata();
  if (token) made.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(entries)) made.set(name, value);
  return made;
}

function reflect(requests) {
  const { ServerReflection } = grpc.loadPackageDefinition(loader.fromJSON(reflectionSchema, options)).grpc.reflection.v1;
  const client = new ServerReflection(address, credentials);
  return new Promise((resolve, reject) => {
    const answers = [];
    const call = client.ServerReflectionInfo(metadata());
    call.on('data', (answer) => answers.push(answer));
    call.on('error', reject);
    call.on('end', () => { client.close(); resolve(answers); });
    requests.forEach((request) => call.write(request));
    call.end();
  });
}

// A FileDescriptorSet is its files, each with the tag of field 1 and its length.
function descriptorSet(files) {
  return Buffer.concat(files.flatMap((file) => {
    const length = [];
    for (let rest = file.length; ; rest >>>= 7) {
      if (rest < 128) { length.push(rest); break; }
      length.push((rest & 127) | 128);
    }
    return [Buffer.from([0x0a, ...length]), file];
  }));
}

async function services() {
  const [{ list_services_response: { service } }] = await reflect([{ list_services: '' }]);
  const names = service.map((each) => each.name).sort();
  tell('services', names);
  const answers = await reflect(names.map((name) => ({ file_containing_symbol: name })));
  const files = new Map();
  for (const answer of answers) {
    for (const file of answer.file_descriptor_response.file_descriptor_proto) files.set(file.toString('base64'), file);
  }
  return grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(descriptorSet([...files.values()]), options));
}

function unary(client, method, request, entries, callOptions = {}) {
  return new Promise((resolve) => {
    client[method](request, metadata(entries), callOptions, (error, response) => resolve({ error, response }));
  });
}

function stream(client, method, request, { entries, callOptions = {}, onData = () => {} } = {}) {
  return new Promise((resolve) => {
    const result = { messages: [] };
    const call = client[method](request, metadata(entries), callOptions);
    call.on('metadata', (headers) => { result.headers = headers.getMap(); });
    call.on('data', (message) => { result.messages.push(message); onData(message, call); });
    call.on('error', (error) => { result.error = error; });
    call.on('status', (status) => { result.status = status.code; resolve(result); });
  });
}

function describe(error) {
  return error && { code: error.code, details: error.details, hasDetails: error.metadata.get('grpc-status-details-bin').length === 1 };
}

async function main() {
  const root = await services();
  const { Inference, Control } = root.fleetops.inference.v1;
  const { Health } = root.grpc.health.v1;
  const inference = new Inference(address, credentials);
  const control = new Control(address, credentials);
  const health = new Health(address, credentials);
  const greedy = { temperature: 0 };

  tell('model', (await unary(control, 'GetModelInfo', {})).response);
  tell('server', (await unary(control, 'GetServerInfo', {})).response);

  const generated = await stream(inference, 'Generate', { text: 'm', sampling: greedy, output: { token_ids: true } }, { entries: { 'x-request-id': 'from-js' } });
  tell('generate', {
    status: generated.status, requestId: generated.headers['x-request-id'], first: generated.messages[0].event, last: generated.messages.at(-1).event,
    text: generated.messages.map((message) => message.piece?.text ?? '').join(''), finish: generated.messages.at(-1).finish,
  });

  const chatted = await stream(inference, 'Chat', { messages: [{ role: 'user', content: 'hello' }], sampling: greedy, stop: { max_tokens: 5 } });
  tell('chat', { status: chatted.status, text: chatted.messages.map((message) => message.delta?.content ?? '').join(''), finish: chatted.messages.at(-1).finish });

  tell('tokenize', (await unary(inference, 'Tokenize', { text: 'ab', with_pieces: true })).response);
  tell('wrong field', describe((await stream(inference, 'Generate', { text: 'm', sampling: { top_p: 7 } })).error));
  tell('too long', describe((await stream(inference, 'Generate', { text: 'x'.repeat(5000) })).error));
  tell('too large', describe((await unary(inference, 'Tokenize', { text: 'x'.repeat(5000000) })).error));

  const endless = { text: 'go on', sampling: greedy, stop: { ignore_end_of_generation: true } };
  const cancelled = await stream(inference, 'Generate', endless, { onData: (_, call) => call.cancel() });
  tell('cancelled', { status: cancelled.status, messages: cancelled.messages.length });
  const late = await stream(inference, 'Generate', endless, { callOptions: { deadline: Date.now() - 1 } });
  tell('late', late.status);
  const many = await Promise.all(Array.from({ length: 32 }, (_, number) => stream(inference, 'Generate', { text: String.fromCharCode(97 + number % 20), sampling: greedy })));
  tell('many', many.map((each) => each.messages.map((message) => message.piece?.text ?? '').join('')));

  for (const service of ['', 'liveness', 'readiness', 'fleetops.inference.v1.Inference']) {
    tell(`health of '${service}'`, (await unary(health, 'Check', { service })).response);
  }
  tell('health of nobody', describe((await unary(health, 'Check', { service: 'nobody' })).error));
  const watched = await stream(health, 'Watch', { service: 'readiness' }, { onData: (_, call) => call.cancel() });
  tell('watch', watched.messages[0]);
  if (token) {
    const stranger = await new Promise((resolve) => control.GetServerInfo({}, new grpc.Metadata(), (error) => resolve(error)));
    tell('stranger', describe(stranger));
  }

  [inference, control, health].forEach((client) => client.close());
}

main().catch((error) => { console.error(error); process.exitCode = 1; });
