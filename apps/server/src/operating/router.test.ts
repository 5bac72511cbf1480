import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../test/memory-backend.ts';
import { OWNER } from '../access/caller.ts';
import { buildApp } from '../app.ts';
import { RunningRequests } from '../running-requests.ts';
import type { Log, LogFields } from './logger.ts';
import { openApiDocument } from './openapi/document.ts';
import { createPrometheus } from './prometheus.ts';

const STRANGER = '203.0.113.7';

interface Setup {
  readonly reasons?: readonly string[];
  readonly isPublic?: boolean;
}

let app: FastifyInstance;
let logged: { readonly level: string; readonly message: string; readonly fields: LogFields }[];

function start({ reasons = [], isPublic = false }: Setup = {}): FastifyInstance {
  logged = [];
  const keep = (level: string) => (message: string, fields: LogFields) =>
    logged.push({ level, message, fields });
  const log = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, keep(level)]));
  const prometheus = createPrometheus({ ofProcess: false });
  const operating = { readiness: { reasons: async () => reasons }, prometheus, isPublic: () => isPublic };
  app = buildApp(
    { registry: new MemoryBackend(), operating },
    { log: log as unknown as Log, running: new RunningRequests(), metrics: prometheus },
  );
  return app;
}
afterEach(() => app.close());

test('says that it is alive and ready', async () => {
  start();
  const health = await app.inject('/healthz');
  expect([health.statusCode, health.json()]).toEqual([200, { status: 'ok' }]);
  expect(health.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  const ready = await app.inject('/readyz');
  expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready' }]);
});

test('says why it is not ready', async () => {
  start({ reasons: ['the store cannot be written (EROFS)'] });
  const { statusCode, json } = await app.inject('/readyz');
  expect([statusCode, json()]).toEqual([
    503,
    { status: 'not ready', reasons: ['the store cannot be written (EROFS)'] },
  ]);
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test('counts requests by what they are about', async () => {
  start();
  for (const url of ['/v2/', '/v2/a/tags/list', '/v2/b/tags/list', '/v2/B!/tags/list', '/nothing/here'])
    await app.inject(url);
  const { headers, body } = await app.inject('/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const counts = body.split('\n').filter((line) => line.startsWith('wherry_http_requests_total{'));
  expect(counts).toEqual([
    'wherry_http_requests_total{route="registry/base",method="GET",status="200"} 1',
    'wherry_http_requests_total{route="registry/tags",method="GET",status="404"} 2',
    'wherry_http_requests_total{route="registry/unknown",method="GET",status="400"} 1',
    'wherry_http_requests_total{route="unknown",method="GET",status="404"} 1',
  ]);
  expect(body).toContain('wherry_http_requests_running 1\n');
  expect(body).toContain('wherry_http_request_duration_seconds_count{route="registry/tags"} 2\n');
});

describe('is open', () => {
  const paths = ['/healthz', '/readyz', '/metrics'];
  test.each([
    { name: 'to this machine', setup: {}, headers: {}, from: '127.0.0.1', want: 200 },
    { name: 'to this machine over IPv6', setup: {}, headers: {}, from: '::ffff:127.0.0.1', want: 200 },
    { name: 'to nobody else', setup: {}, headers: {}, from: STRANGER, want: 403 },
    {
      name: 'to nobody behind a proxy on this machine',
      setup: {},
      headers: { 'x-forwarded-for': STRANGER },
      from: '127.0.0.1',
      want: 403,
    },
    { name: 'to everybody if so set', setup: { isPublic: true }, headers: {}, from: STRANGER, want: 200 },
  ])('$name', async ({ setup, headers, from, want }) => {
    start(setup);
    for (const url of paths)
      expect((await app.inject({ url, headers, remoteAddress: from })).statusCode).toBe(want);
    expect((await app.inject({ url: '/openapi.json', remoteAddress: from })).statusCode).toBe(200);
  });

  test('to callers who may do everything, and to no others that have a name', async () => {
    start();
    app.addHook('onRequest', async (request) => {
      const name = String(request.headers['x-test-name']);
      request.caller = { ...OWNER, name, mayUseEngine: name === 'root' };
    });
    const statusFor = async (name: string) =>
      (await app.inject({ url: '/metrics', headers: { 'x-test-name': name }, remoteAddress: STRANGER }))
        .statusCode;
    expect([await statusFor('root'), await statusFor('ada')]).toEqual([200, 403]);
  });
});

test('a request is logged at its end, with its ID in the answer', async () => {
  start();
  const headers = { 'x-request-id': 'abc-1', authorization: 'Bearer hunter2' };
  const answer = await app.inject({ url: '/v2/?token=hunter2', headers });
  expect(answer.headers['x-request-id']).toBe('abc-1');
  expect(logged).toEqual([
    {
      level: 'info',
      message: expect.stringMatching(/^GET \/v2\/\?token=\(not shown\) 200 \d+ ms$/),
      fields: {
        id: 'abc-1',
        method: 'GET',
        path: '/v2/?token=(not shown)',
        status: 200,
        ms: expect.any(Number),
        bytesIn: 0,
        bytesOut: 0,
        remote: '127.0.0.1',
        caller: undefined,
      },
    },
  ]);
  await app.inject('/healthz');
  expect(logged[1]).toMatchObject({ level: 'debug', fields: { status: 200 } });
});

test('the line of a refused request says why', async () => {
  start();
  await app.inject('/v2/a/manifests/none');
  expect(logged.at(-1)?.fields).toMatchObject({ status: 404, error: expect.stringMatching(/^[A-Z_]+: .+/) });
});

test('describes what it serves', async () => {
  start();
  const { json, headers } = await app.inject('/openapi.json');
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  expect(json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});
