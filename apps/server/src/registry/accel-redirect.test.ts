import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryBackend } from '../../test/memory-backend.ts';
import { buildApp } from '../app.ts';
import { SILENT } from '../operating/logger.ts';
import { RunningRequests } from '../running-requests.ts';
import { readSettings } from '../settings/read-settings.ts';
import { REGISTRY_SECTION } from './settings.ts';

const HELLO = Buffer.from('hello world');

let backend: MemoryBackend;
let app: FastifyInstance;
let prefix: string | undefined;
let path: string;

beforeEach(() => {
  prefix = '/store';
  backend = new MemoryBackend();
  app = buildApp(
    { registry: backend },
    { log: SILENT, running: new RunningRequests(), accelRedirect: () => prefix },
  );
  path = `blobs/${backend.addBlob(HELLO).replace(':', '/')}`;
});
afterEach(() => app.close());

const send = (method: 'GET' | 'HEAD', headers: Record<string, string> = {}) =>
  app.inject({ method, url: `/v2/a/b/${path.replace('sha256/', 'sha256:')}`, headers });

test.each([
  { name: 'as a whole', headers: {} },
  // nginx cuts it out of the file: an answer of our own with a part would be cut twice.
  { name: 'in part', headers: { range: 'bytes=6-' } },
])('names the file of a blob that is asked for $name', async ({ headers }) => {
  const answer = await send('GET', headers);
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
  expect(answer.headers).toMatchObject({
    'x-accel-redirect': `/store/${path}`,
    'content-type': 'application/octet-stream',
    'content-length': '0',
    'docker-content-digest': `sha256:${path.slice(-64)}`,
  });
  for (const name of ['content-range', 'accept-ranges']) expect(answer.headers[name]).toBeUndefined();
});

test('takes the setting as it is now, with a slash at its end or without', async () => {
  prefix = '/other/place/';
  expect((await send('GET')).headers['x-accel-redirect']).toBe(`/other/place/${path}`);
  prefix = undefined;
  expect((await send('GET')).body).toBe('hello world');
});

test('answers itself what has no bytes', async () => {
  const head = await send('HEAD');
  expect(head.headers).toMatchObject({ 'content-length': '11' });
  const etag = String(head.headers.etag);
  const answers = [
    head,
    await send('GET', { 'if-none-match': etag }),
    await send('GET', { range: 'bytes=11-' }),
  ];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 304, 416]);
  for (const { headers } of answers) expect(headers['x-accel-redirect']).toBeUndefined();
});

test('answers itself what depends on the entity tag, which is another in nginx', async () => {
  const etag = String((await send('HEAD')).headers.etag);
  const rest = await send('GET', { range: 'bytes=6-', 'if-range': etag });
  expect([rest.statusCode, rest.body, rest.headers['x-accel-redirect']]).toEqual([206, 'world', undefined]);
  expect((await send('GET', { 'if-match': etag })).body).toBe('hello world');
});

test('sends what is no file', async () => {
  backend.blobPath = () => undefined;
  expect((await send('GET')).body).toBe('hello world');
});

test.each(['store', '/', '/a/../b', '/a b', '/a?b', '/a%2fb', '//a'])(
  'refuses %s as a location',
  async (text) => {
    const env = { WHERRY_SERVE_REGISTRY_ACCEL_REDIRECT: text };
    await expect(readSettings([REGISTRY_SECTION], { env })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('want a path such as "/wherry-store"'),
    });
  },
);
