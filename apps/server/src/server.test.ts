import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logTo } from '../test/log-lines.ts';
import { digestOf } from '../test/memory-backend.ts';
import { type RunningServer, startServer } from './server.ts';
import { defaultSettings } from './settings/service-settings.ts';

const MIB = 1 << 20;
const HELLO = Buffer.from('hello world');

let root: string;
let server: RunningServer;
let lines: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-server-'));
  lines = [];
  server = await start();
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

function start(): Promise<RunningServer> {
  const defaults = defaultSettings();
  const settings = { ...defaults, listen: { ...defaults.listen, drain: 1_000 } };
  return startServer({ root, host: '127.0.0.1', port: 0, log: logTo(lines), settings: () => settings });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function open(
  method: string,
  path: string,
  options: { headers?: object; agent?: Agent } = {},
): ClientRequest {
  return request(new URL(path, server.url), { method, ...options } as object);
}

async function answerTo(sent: ClientRequest): Promise<Answer> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await response.toArray());
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

async function send(method: string, path: string, body?: Buffer, headers: object = {}): Promise<Answer> {
  const sent = open(method, path, { headers });
  sent.end(body);
  return answerTo(sent);
}

async function startUpload(): Promise<string> {
  return String((await send('POST', '/v2/app/blobs/uploads/')).headers.location);
}

/** Begins to send, and returns when most of `part` has arrived. */
async function sendPart(method: string, path: string, part: Buffer, headers: object): Promise<ClientRequest> {
  const sent = open(method, path, { headers });
  sent.on('error', () => {});
  sent.write(part);
  await expect.poll(() => offsetOf(path), { timeout: 20_000 }).toBeGreaterThan(part.length / 2);
  return sent;
}

async function offsetOf(path: string): Promise<number> {
  const { headers } = await send('GET', path.replace(/\?.*/, ''));
  return Number(String(headers.range).split('-')[1]) + 1;
}

async function pushBlob(bytes: Buffer): Promise<void> {
  const { status } = await send('POST', `/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);
  expect(status).toBe(201);
}

test('an image goes in and comes out byte for byte, through connections that are kept', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const exchange = async (method: string, path: string, body?: Buffer, headers: object = {}) => {
    const sent = open(method, path, { headers, agent });
    sent.end(body);
    return answerTo(sent);
  };
  const layer = randomBytes(3 * MIB + 1);
  const config = Buffer.from('{"architecture":"amd64"}');
  for (const bytes of [layer, config]) {
    const { headers } = await exchange('POST', '/v2/team/app/blobs/uploads/');
    const streamed = { 'transfer-encoding': 'chunked' };
    const patched = await exchange('PATCH', String(headers.location), bytes, streamed);
    expect([patched.status, patched.headers.range]).toEqual([202, `0-${bytes.length - 1}`]);
    const put = await exchange('PUT', `${patched.headers.location}?digest=${digestOf(bytes)}`);
    expect([put.status, put.headers['docker-content-digest']]).toEqual([201, digestOf(bytes)]);
  }
  const describeBlob = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: describeBlob('application/vnd.oci.image.config.v1+json', config),
      layers: [describeBlob('application/vnd.oci.image.layer.v1.tar', layer)],
    }),
  );
  const pushed = await exchange('PUT', '/v2/team/app/manifests/v1', manifest, { 'content-type': mediaType });
  expect([pushed.status, pushed.headers['docker-content-digest']]).toEqual([201, digestOf(manifest)]);
  await server.close();
  server = await start();
  const pulled = await exchange('GET', '/v2/team/app/manifests/v1');
  expect(pulled.body).toEqual(manifest);
  expect(pulled.headers['content-type']).toBe(mediaType);
  expect((await exchange('GET', `/v2/team/app/blobs/${digestOf(layer)}`)).body).toEqual(layer);
  const middle = await exchange('GET', `/v2/other/blobs/${digestOf(layer)}`, undefined, {
    range: `bytes=${MIB}-${2 * MIB}`,
  });
  expect([middle.status, middle.headers['content-range']]).toEqual([
    206,
    `bytes ${MIB}-${2 * MIB}/${layer.length}`,
  ]);
  expect(middle.body).toEqual(layer.subarray(MIB, 2 * MIB + 1));
  expect((await exchange('GET', '/v2/team/app/tags/list')).body.toString()).toBe(
    '{"name":"team/app","tags":["v1"]}',
  );
  agent.destroy();
});

describe('a client that hangs up', () => {
  const bytes = randomBytes(2 * MIB);
  const part = bytes.subarray(0, MIB);

  test.each([
    { name: 'a stream', headers: { 'transfer-encoding': 'chunked' } },
    { name: 'a body shorter than its Content-Length', headers: { 'content-length': String(2 * MIB) } },
    {
      name: 'a chunk shorter than its Content-Range',
      headers: { 'content-length': String(2 * MIB), 'content-range': `0-${2 * MIB - 1}` },
    },
  ])('in the middle of $name goes on where it stopped, after a restart too', async ({ headers }) => {
    const location = await startUpload();
    (await sendPart('PATCH', location, part, headers)).destroy();
    await server.close();
    server = await start();
    const offset = await offsetOf(location);
    expect(offset).toBeGreaterThan(MIB / 2);
    const rest = { 'content-range': `${offset}-${2 * MIB - 1}` };
    expect((await send('PATCH', location, bytes.subarray(offset), rest)).status).toBe(202);
    expect((await send('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
    expect((await send('GET', `/v2/app/blobs/${digestOf(bytes)}`)).body).toEqual(bytes);
  });

  test('in the middle of the only request loses nothing either', async () => {
    const location = await startUpload();
    const path = `${location}?digest=${digestOf(bytes)}`;
    (await sendPart('PUT', path, part, { 'content-length': String(2 * MIB) })).destroy();
    await server.close();
    server = await start();
    const offset = await offsetOf(location);
    expect(offset).toBeGreaterThan(MIB / 2);
    expect((await send('PUT', path, bytes.subarray(offset))).status).toBe(201);
    expect((await send('GET', `/v2/app/blobs/${digestOf(bytes)}`)).body).toEqual(bytes);
  });

  test('in the middle of a pull leaves the server as it was', async () => {
    const large = randomBytes(8 * MIB);
    await pushBlob(large);
    const sent = open('GET', `/v2/app/blobs/${digestOf(large)}`);
    sent.on('error', () => {});
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.on('error', () => {});
    response.destroy();
    expect((await send('GET', `/v2/app/blobs/${digestOf(large)}`)).body).toEqual(large);
  });
});

test('a session serves one request at a time', async () => {
  const location = await startUpload();
  const first = await sendPart('PATCH', location, randomBytes(MIB), { 'transfer-encoding': 'chunked' });
  const second = await send('PATCH', location, HELLO);
  expect([second.status, JSON.parse(second.body.toString()).errors[0].code]).toEqual([
    409,
    'BLOB_UPLOAD_INVALID',
  ]);
  first.end();
  expect((await answerTo(first)).status).toBe(202);
});

test('a refused body does not cost the client its answer', async () => {
  const huge = Buffer.alloc(6 * MIB, ' ');
  const answer = await send('PUT', '/v2/app/manifests/x', huge);
  expect([answer.status, JSON.parse(answer.body.toString()).errors[0].code]).toEqual([
    413,
    'MANIFEST_INVALID',
  ]);
});

test('closing saves what a running upload has sent', async () => {
  const location = await startUpload();
  await sendPart('PATCH', location, randomBytes(MIB), { 'transfer-encoding': 'chunked' });
  await server.close();
  server = await start();
  expect(await offsetOf(location)).toBe(MIB);
});

test('what is not finished leaves no file once it is cancelled', async () => {
  const location = await startUpload();
  await send('PATCH', location, HELLO);
  expect((await send('DELETE', location)).status).toBe(204);
  expect(await readdir(join(root, 'ingests'))).toEqual([]);
});

test('a taken port is named', async () => {
  const port = Number(new URL(server.url).port);
  await expect(startServer({ root, host: '127.0.0.1', port })).rejects.toThrow(
    `address 127.0.0.1:${port} is in use`,
  );
});

test('no address but loopback is listened on', async () => {
  await expect(startServer({ root, host: '0.0.0.0', port: 0 })).rejects.toThrow(
    'address 0.0.0.0 is not a loopback address',
  );
});

test('every name of loopback is', async () => {
  const second = await startServer({ root, host: 'localhost', port: 0 });
  expect(new URL(second.url).port).not.toBe('0');
  await second.close();
});
