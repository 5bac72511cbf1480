import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ContainerSample, type ResourceUsage, type UpdateRequest, WherryError } from '@wherry/core';
import { afterEach, expect, test } from 'vitest';
import { appOver, type FakeVerbs, recordOf } from '../testing/fake-engine.ts';

const ID = 'c'.repeat(64);
const apps: ReturnType<typeof appOver>[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

function serve(verbs: FakeVerbs) {
  const app = appOver(verbs);
  apps.push(app);
  return app;
}

const entry = { major: 254, minor: 0, operation: 'Read', value: 4096 };
const usage: ResourceUsage = {
  readAt: new Date('2026-11-26T15:21:39.787Z'),
  cpu: {
    ...{ totalNs: 36426154, kernelNs: 10000000, userNs: 20000000, perCpuNs: [0, 36426154] },
    throttling: { periods: 11, throttledPeriods: 2, throttledNs: 500 },
  },
  memory: {
    ...{ usageBytes: 548864, maxUsageBytes: 3833856, failures: 0, limitBytes: 67108864 },
    details: { cache: 0, rss: 28672 },
  },
  tasks: { count: 1, limit: 100 },
  blockIo: { bytes: [entry], operations: [] },
  host: { totalNs: 121669420000000, onlineCpus: 2 },
};
const stopped: ContainerSample = { id: ID, name: 'web' };

/** Answers what was asked, in the place of a sample. */
function statsOf(...samples: ContainerSample[]) {
  const asked: unknown[] = [];
  const stats: FakeVerbs['stats'] = async function* (request) {
    asked.push(request);
    yield* samples;
  };
  return { asked, app: serve({ stats }) };
}

test('a sample has Docker’s members', async () => {
  const { app } = statsOf({ ...stopped, usage, previous: { ...usage, blockIo: {} } });
  const answer = await app.inject('/v1.41/containers/web/stats?stream=0');
  expect(answer.headers['content-type']).toBe('application/json');
  const cpu = {
    cpu_usage: {
      ...{ total_usage: 36426154, percpu_usage: [0, 36426154] },
      ...{ usage_in_kernelmode: 10000000, usage_in_usermode: 20000000 },
    },
    ...{ system_cpu_usage: 121669420000000, online_cpus: 2 },
    throttling_data: { periods: 11, throttled_periods: 2, throttled_time: 500 },
  };
  expect(answer.json()).toEqual({
    read: '2026-11-26T15:21:39.787Z',
    preread: '2026-11-26T15:21:39.787Z',
    pids_stats: { current: 1, limit: 100 },
    blkio_stats: {
      io_service_bytes_recursive: [{ major: 254, minor: 0, op: 'Read', value: 4096 }],
      ...{ io_serviced_recursive: [], io_queue_recursive: [], io_service_time_recursive: [] },
      ...{ io_wait_time_recursive: [], io_merged_recursive: [], io_time_recursive: [] },
      sectors_recursive: [],
    },
    ...{ num_procs: 0, storage_stats: {}, cpu_stats: cpu, precpu_stats: cpu },
    memory_stats: {
      ...{ usage: 548864, max_usage: 3833856, limit: 67108864 },
      stats: { cache: 0, rss: 28672 },
    },
    ...{ name: '/web', id: ID },
  });
});

// Recorded from Docker 20.10.
test('one that does not run has Docker’s zeros', async () => {
  const { app } = statsOf(stopped);
  expect((await app.inject('/v1.41/containers/web/stats?stream=false')).body).toBe(
    `{"read":"0001-01-01T00:00:00Z","preread":"0001-01-01T00:00:00Z","pids_stats":{},"blkio_stats":{"io_service_bytes_recursive":null,"io_serviced_recursive":null,"io_queue_recursive":null,"io_service_time_recursive":null,"io_wait_time_recursive":null,"io_merged_recursive":null,"io_time_recursive":null,"sectors_recursive":null},"num_procs":0,"storage_stats":{},"cpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},"precpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},"memory_stats":{},"name":"/web","id":"${ID}"}\n`,
  );
});

test.each([
  { version: '1.41', query: '', mode: 'stream' },
  { version: '1.41', query: '?stream=1', mode: 'stream' },
  { version: '1.41', query: '?stream=0', mode: 'once' },
  { version: '1.41', query: '?stream=false&one-shot=true', mode: 'instant' },
  { version: '1.40', query: '?stream=0&one-shot=1', mode: 'once' },
  { version: '1.24', query: '?one-shot=1', mode: 'stream' },
])('$version $query asks for $mode', async ({ mode, query, version }) => {
  const { app, asked } = statsOf(stopped, stopped);
  const { body } = await app.inject(`/v${version}/containers/web/stats${query}`);
  expect(asked).toEqual([{ container: 'web', mode }]);
  expect(body.trimEnd().split('\n')).toHaveLength(mode === 'stream' ? 2 : 1);
});

test('what makes no sense, or is not there, is refused', async () => {
  const { app } = statsOf();
  const both = await app.inject('/v1.41/containers/web/stats?one-shot=1');
  expect([both.statusCode, both.json()]).toEqual([
    400,
    { message: 'cannot have stream=true and one-shot=true' },
  ]);
  const removed = await app.inject('/v1.41/containers/web/stats?stream=0');
  expect([removed.statusCode, removed.json()]).toEqual([404, { message: 'No such container: web' }]);
  const unknown: FakeVerbs['stats'] = async function* () {
    yield* [];
    throw new WherryError('CONTAINER_UNKNOWN', 'No such container: web');
  };
  const absent = await serve({ stats: unknown }).inject('/v1.41/containers/web/stats');
  expect([absent.statusCode, absent.json()]).toEqual([404, { message: 'No such container: web' }]);
});

test('a client that leaves ends the samples', async () => {
  const ended = Promise.withResolvers<boolean>();
  const stats: FakeVerbs['stats'] = async function* (_, { signal } = {}) {
    yield stopped;
    await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
    ended.resolve(true);
  };
  const app = serve({ stats });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const request = get(`http://127.0.0.1:${port}/v1.41/containers/web/stats`, (response) =>
    response.once('data', () => request.destroy()),
  );
  request.on('error', () => undefined);
  expect(await ended.promise).toBe(true);
});

const post = (verbs: FakeVerbs, payload?: object) =>
  serve(verbs).inject({
    method: 'POST',
    url: '/v1.41/containers/web/update',
    ...(payload && { payload }),
  });

test('an update reaches the engine, and its answer has no warnings', async () => {
  const asked: UpdateRequest[] = [];
  const verbs: FakeVerbs = {
    inspect: async () => recordOf(),
    update: async (request) => void asked.push(request),
  };
  // As Docker's client sends it.
  const zeros = { CpuShares: 0, BlkioWeight: 0, CpusetCpus: '', Devices: null, MemorySwappiness: null };
  const answer = await post(verbs, {
    ...{ ...zeros, Memory: 64 << 20, MemorySwap: -1, NanoCpus: 5e8, PidsLimit: 0, KernelMemory: 0 },
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  });
  expect([answer.statusCode, answer.body]).toEqual([200, '{"Warnings":null}\n']);
  expect(asked).toEqual([
    {
      container: ID,
      limits: { memoryBytes: 64 << 20, memorySwapBytes: -1, nanoCpus: 5e8, pidsLimit: -1 },
    },
  ]);
});

test.each([
  { body: { RestartPolicy: { Name: 'foo' } }, status: 400, text: "invalid restart policy 'foo'" },
  { body: { RestartPolicy: { Name: 'always' } }, status: 501, text: '--restart always needs a daemon' },
  { body: { KernelMemory: 9 }, status: 501, text: '--kernel-memory is no limit' },
  {
    body: { PidsLimit: 'x' },
    status: 400,
    text: 'json: cannot unmarshal string into Go struct field UpdateConfig.PidsLimit of type int64',
  },
  { body: { Ulimits: [{}] }, status: 400, text: 'Ulimits of a container that is there cannot be updated' },
  { body: { MemorySwappiness: 3 }, status: 400, text: 'MemorySwappiness of a container' },
  { body: undefined, status: 500, text: 'EOF' },
])('an update to $body is refused', async ({ body, status, text }) => {
  const answer = await post({}, body);
  expect([answer.statusCode, answer.json().message]).toEqual([status, expect.stringContaining(text)]);
});

test('an update that does not go with what the container has is a conflict', async () => {
  const update = async () => {
    throw new WherryError('CONFLICT', 'Cannot update container web: Conflicting options');
  };
  const answer = await post({ inspect: async () => recordOf(), update }, {});
  expect([answer.statusCode, answer.json()]).toEqual([
    409,
    { message: 'Cannot update container web: Conflicting options' },
  ]);
});
