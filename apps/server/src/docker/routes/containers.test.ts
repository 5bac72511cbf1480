import { type BuildEvent, type Digest, type LogEntry, WherryError } from '@wherry/core';
import { afterEach, describe, expect, test } from 'vitest';
import { appOver, type FakeVerbs, recordOf } from '../testing/fake-engine.ts';

const ID = 'c'.repeat(64);
const apps: ReturnType<typeof appOver>[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

function serve(...args: Parameters<typeof appOver>) {
  const app = appOver(...args);
  apps.push(app);
  return app;
}

async function ask(verbs: FakeVerbs, method: 'DELETE' | 'GET' | 'POST', url: string, payload?: object) {
  const answer = await serve(verbs).inject({ method, url: `/v1.41${url}`, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.body === '' ? '' : answer.json(), answer };
}

const unknown = async (): Promise<never> => {
  throw new WherryError('CONTAINER_UNKNOWN', 'No such container: nosuch');
};

describe('the life of a container', () => {
  test('begins with its making', async () => {
    const made: unknown[] = [];
    const create: FakeVerbs['create'] = async (request) => {
      made.push(request);
      return recordOf();
    };
    const { body, status } = await ask({ create }, 'POST', '/containers/create?name=r1', {
      Image: 'ubuntu:18.04',
      Cmd: ['true'],
    });
    expect([status, body]).toEqual([201, { Id: ID, Warnings: [] }]);
    expect(made).toMatchObject([{ image: 'ubuntu:18.04', name: 'r1', options: { command: ['true'] } }]);
    const refused = await ask({ create }, 'POST', '/containers/create', {
      HostConfig: { PortBindings: { '80/tcp': [] } },
    });
    expect([refused.status, refused.answer.headers['content-type']]).toEqual([501, 'application/json']);
  });

  test.each([
    { verb: 'start', status: 204, running: false },
    { verb: 'start', status: 304, running: true },
    { verb: 'stop', status: 204, running: true },
    { verb: 'stop', status: 304, running: false },
  ])('$verb answers $status', async ({ running, status, verb }) => {
    const record = recordOf({ state: { status: running ? 'running' : 'exited' } as never });
    const verbs: FakeVerbs = {
      inspect: async () => record,
      startAttended: async () => (running ? undefined : []),
      stop: async () => {},
      waitUntil: async () => ({ exitCode: 0, error: '' }),
    };
    expect(await ask(verbs, 'POST', `/containers/web/${verb}`)).toMatchObject({ status, body: '' });
  });

  test('what a program cannot be started for is the client’s fault', async () => {
    const verbs: FakeVerbs = {
      inspect: async () => recordOf(),
      waitUntil: async () => ({ exitCode: 0, error: '' }),
      startAttended: async () => {
        throw new WherryError('FILE_NOT_FOUND', 'exec: "x": not found', { details: { exitCode: 127 } });
      },
    };
    expect(await ask(verbs, 'POST', '/containers/web/start')).toMatchObject({
      status: 400,
      body: { message: 'exec: "x": not found' },
    });
  });

  test.each([
    { method: 'POST', url: '/containers/nosuch/start' },
    { method: 'POST', url: '/containers/nosuch/wait' },
    { method: 'GET', url: '/containers/nosuch/json' },
    { method: 'GET', url: '/containers/nosuch/logs?stdout=1' },
    { method: 'DELETE', url: '/containers/nosuch' },
  ] as const)('$method $url of one that is not there is 404', async ({ method, url }) => {
    const verbs: FakeVerbs = { inspect: unknown, describe: unknown, remove: unknown, waitUntil: unknown };
    expect(await ask(verbs, method, url)).toMatchObject({
      status: 404,
      body: { message: 'No such container: nosuch' },
    });
  });

  test('is told of as it goes on', async () => {
    const verbs: FakeVerbs = {
      inspect: async () => recordOf({ imageName: 'app:1', labels: { k: 'v' } }),
      startAttended: async () => [],
      waitUntil: async () => ({ exitCode: 3, error: '' }),
      remove: async () => {},
    };
    const app = serve(verbs);
    await app.inject({ method: 'POST', url: '/containers/web/start' });
    await app.inject({ method: 'DELETE', url: '/containers/web' });
    const seconds = Math.ceil(Date.now() / 1000) + 1;
    const told = await app.inject(`/events?since=0&until=${seconds}`);
    const events = told.body
      .split(/\r?\n/)
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const attributes = { k: 'v', image: 'app:1', name: 'web' };
    expect(events.map(({ Action, Actor }) => [Action, Actor.Attributes])).toEqual([
      ['start', attributes],
      ['die', { ...attributes, exitCode: '3' }],
      ['destroy', attributes],
    ]);
  });

  test.each([
    { name: 'waits to be gone', removal: async () => ({ exitCode: 0, error: '' }) },
    {
      name: 'is gone already',
      removal: async () => {
        throw new WherryError('CONTAINER_UNKNOWN', 'No such container: web');
      },
    },
  ])('one that removes itself is destroyed after its end, and told of once: $name', async ({ removal }) => {
    const gone = Promise.withResolvers<void>();
    const verbs: FakeVerbs = {
      inspect: async () => recordOf({ imageName: 'app:1', labels: {}, autoRemove: true }),
      startAttended: async () => [],
      waitUntil: async ({ condition }) => {
        if (condition !== 'removed') return { exitCode: 3, error: '' };
        await gone.promise;
        return removal();
      },
      remove: async () => {},
    };
    const app = serve(verbs);
    await app.inject({ method: 'POST', url: '/containers/web/start' });
    await expect.poll(() => actionsOf(app)).toEqual(['start', 'die']);
    gone.resolve();
    await expect.poll(() => actionsOf(app)).toEqual(['start', 'die', 'destroy']);
    await app.inject({ method: 'DELETE', url: '/containers/web' });
    expect(await actionsOf(app)).toEqual(['start', 'die', 'destroy']);
  });

  test('nobody waits for the end of one that does not start', async () => {
    let wait: AbortSignal | undefined;
    const verbs: FakeVerbs = {
      inspect: async () => recordOf(),
      startAttended: async () => {
        throw new WherryError('FILE_NOT_FOUND', 'exec: "x": not found', { details: { exitCode: 127 } });
      },
      waitUntil: async (_request, options) => {
        wait = options?.signal;
        options?.onWaiting?.();
        return new Promise((_resolve, reject) => wait?.addEventListener('abort', () => reject(wait?.reason)));
      },
    };
    expect((await ask(verbs, 'POST', '/containers/web/start')).status).toBe(400);
    expect(wait?.aborted).toBe(true);
  });

  test('its parameters reach the engine', async () => {
    const asked: unknown[] = [];
    const note = async (...args: unknown[]) => void asked.push(args);
    const verbs: FakeVerbs = { inspect: async () => recordOf(), stop: note, kill: note, remove: note };
    await ask(verbs, 'POST', '/containers/web/stop?t=3&signal=INT');
    await ask(verbs, 'POST', '/containers/web/kill?signal=9');
    await ask(verbs, 'DELETE', '/containers/web?v=1&force=true');
    expect(asked).toEqual([
      [{ container: ID, timeoutSeconds: 3, signal: 'INT' }],
      ['web', '9'],
      [{ container: 'web', force: true, volumes: true }],
    ]);
  });
});

describe('wait', () => {
  test.each([
    { version: '1.41', end: { exitCode: 5, error: '' }, body: { Error: null, StatusCode: 5 } },
    { version: '1.44', end: { exitCode: 5, error: '' }, body: { StatusCode: 5 } },
    {
      version: '1.41',
      end: { exitCode: 127, error: 'no' },
      body: { Error: { Message: 'no' }, StatusCode: 127 },
    },
  ])('tells $end to $version', async ({ body, end, version }) => {
    const waitUntil: FakeVerbs['waitUntil'] = async (_request, options) => {
      options?.onWaiting?.();
      return end;
    };
    const url = `/v${version}/containers/web/wait?condition=removed`;
    const answer = await serve({ waitUntil }).inject({ method: 'POST', url });
    expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
      200,
      'application/json',
      body,
    ]);
  });

  test('refuses a condition that it does not know', async () => {
    expect(await ask({}, 'POST', '/containers/web/wait?condition=x')).toMatchObject({
      status: 400,
      body: { message: 'invalid condition: "x"' },
    });
  });
});

describe('logs', () => {
  const entries: LogEntry[] = [
    { stream: 'stdout', time: '2026-01-01T00:00:00.5Z', text: 'out\n' },
    { stream: 'stderr', time: '2026-01-01T00:00:00.6Z', text: 'err\n' },
  ];
  const logsOf = (options = {}): FakeVerbs => ({
    inspect: async () => recordOf({ options }),
    logs: async function* () {
      yield entries;
    },
  });

  test.each([
    { query: 'stdout=1&stderr=1', options: {}, body: '\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n' },
    { query: 'stdout=1&timestamps=1', options: {}, body: '\x01\0\0\0\0\0\0\x1b2026-01-01T00:00:00.5Z out\n' },
    { query: 'stderr=1&details=1', options: {}, body: '\x02\0\0\0\0\0\0\x05 err\n' },
    { query: 'stdout=1', options: { tty: true }, body: 'out\n' },
  ])('$query', async ({ body, options, query }) => {
    const answer = await serve(logsOf(options)).inject(`/v1.41/containers/web/logs?${query}`);
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, undefined, body]);
  });

  test.each([
    { query: '', options: {}, status: 400, text: 'Bad parameters: you must choose at least one stream' },
    { query: 'stdout=1&since=x', options: {}, status: 400, text: 'invalid value for "since"' },
    {
      query: 'stdout=1',
      options: { log: { driver: 'none' } },
      status: 501,
      text: 'does not support reading',
    },
  ])('are refused with $status: $query', async ({ options, query, status, text }) => {
    const refused = await ask(logsOf(options), 'GET', `/containers/web/logs?${query}`);
    expect([refused.status, refused.body.message]).toEqual([status, expect.stringContaining(text)]);
  });
});

describe('files', () => {
  test('are told of in a header, and come as an archive', async () => {
    const modifiedAt = new Date('2021-08-31T00:00:00Z');
    const verbs: FakeVerbs = {
      statFile: async () => ({ name: 'group', size: 66, mode: 0o100644, modifiedAt }),
      copyOutArchive: async function* () {
        yield Buffer.from('tar');
      },
    };
    const url = '/v1.41/containers/web/archive?path=/etc/group';
    const head = await serve(verbs).inject({ method: 'HEAD', url });
    const stat =
      'eyJuYW1lIjoiZ3JvdXAiLCJzaXplIjo2NiwibW9kZSI6NDIwLCJtdGltZSI6IjIwMjEtMDgtMzFUMDA6MDA6MDBaIiwibGlua1RhcmdldCI6IiJ9';
    expect([head.statusCode, head.headers['x-docker-container-path-stat']]).toEqual([200, stat]);
    const answer = await serve(verbs).inject(url);
    expect([answer.body, answer.headers['content-type']]).toEqual(['tar', 'application/x-tar']);
  });

  test('that are not there are 404', async () => {
    const statFile = async () => {
      throw new WherryError('FILE_NOT_FOUND', 'Could not find the file /nosuch in container web');
    };
    expect((await ask({ statFile }, 'GET', '/containers/web/archive?path=/nosuch')).status).toBe(404);
  });

  test('that did not change are null', async () => {
    expect((await ask({ diff: async () => [] }, 'GET', '/containers/web/changes')).body).toBeNull();
  });
});

describe('builds', () => {
  const step = { number: 1, total: 1, stage: 0, text: 'FROM a' };
  const image = `sha256:${'a'.repeat(64)}` as Digest;

  async function build(query: string, events: readonly BuildEvent[], failure?: Error) {
    const verbs = {
      build: async (_request: unknown, { onBuildEvent }: { onBuildEvent(event: BuildEvent): unknown }) => {
        for (const event of events) await onBuildEvent(event);
        if (failure) throw failure;
        return { id: image, names: [], warnings: [] };
      },
    };
    const app = serve({}, { withCredentials: () => verbs as never });
    const answer = await app.inject({ method: 'POST', url: `/v1.41/build?${query}`, payload: 'context' });
    const lines = answer.body.split('\r\n').filter(Boolean);
    return { status: answer.statusCode, lines: lines.map((line) => JSON.parse(line)) };
  }

  const EVENTS: readonly BuildEvent[] = [
    { kind: 'build-step', step },
    { kind: 'build-step-done', step, image },
    { kind: 'built', id: image },
  ];

  test('are told in the classic builder’s words', async () => {
    expect((await build('t=a', EVENTS)).lines).toEqual([
      { stream: 'Step 1/1 : FROM a' },
      { stream: '\n' },
      { stream: ' ---> aaaaaaaaaaaa\n' },
      { aux: { ID: image } },
      { stream: 'Successfully built aaaaaaaaaaaa\n' },
    ]);
    expect((await build('q=1', EVENTS)).lines).toEqual([{ stream: `${image}\n` }]);
  });

  test('that fail end with the error and its exit code', async () => {
    const failure = new WherryError('BUILD_FAILED', 'it failed', { details: { exitCode: 7 } });
    const { lines, status } = await build('', EVENTS.slice(0, 1), failure);
    expect([status, lines.at(-1)]).toEqual([
      200,
      { errorDetail: { code: 7, message: 'it failed' }, error: 'it failed' },
    ]);
    const parse = new WherryError('INVALID_DOCKERFILE', 'dockerfile parse error line 2');
    expect((await build('', [], parse)).status).toBe(400);
  });

  test.each([
    { query: 'version=2', status: 501, text: 'set DOCKER_BUILDKIT=0' },
    { query: 'networkmode=mine', status: 501, text: 'network mine is not offered' },
    { query: 't=BAD', status: 500, text: 'must be lowercase' },
    { query: 'buildargs=x', status: 400, text: "error reading build args: invalid character 'x'" },
    { query: 'remote=/etc', status: 400, text: 'remoteURL is not a URL' },
  ])('are refused with $status: $query', async ({ query, status, text }) => {
    const refused = await build(query, []);
    expect([refused.status, refused.lines[0].message]).toEqual([status, expect.stringContaining(text)]);
  });
});

test('there are the networks that every engine has, and no more', async () => {
  const { body } = await ask({}, 'GET', '/networks');
  expect(body.map(({ Driver, Name }: Record<string, unknown>) => [Name, Driver])).toEqual([
    ['bridge', 'host'],
    ['none', 'null'],
    ['host', 'host'],
  ]);
  const bridge = await ask({}, 'GET', '/networks/bridge');
  expect([bridge.status, bridge.body.IPAM.Config]).toEqual([200, [{ Gateway: '127.0.0.1' }]]);
  expect((await ask({}, 'DELETE', '/networks/bridge')).status).toBe(403);
  expect((await ask({}, 'GET', '/networks/nosuch')).body).toEqual({ message: 'network nosuch not found' });
  expect((await ask({}, 'POST', '/networks/create', { Name: 'mine' })).status).toBe(501);
});

test('a commit takes changes, and no configuration', async () => {
  const asked: unknown[] = [];
  const commit = async (request: object) => {
    asked.push(request);
    return { id: `sha256:${'a'.repeat(64)}` as Digest };
  };
  const app = serve({}, { commit });
  const url = '/v1.41/commit?container=c1&repo=new&tag=1&comment=m&pause=0&changes=ENV%20B=2%0AUSER%20app';
  const made = await app.inject({ method: 'POST', url });
  expect([made.statusCode, asked]).toEqual([
    201,
    [
      expect.objectContaining({
        container: 'c1',
        message: 'm',
        pause: false,
        changes: ['ENV B=2', 'USER app'],
      }),
    ],
  ]);
  const refused = await app.inject({ method: 'POST', url, payload: { Cmd: ['a'] } });
  expect([refused.statusCode, refused.json().message]).toEqual([
    501,
    expect.stringContaining('Cmd in the body'),
  ]);
  const none = await app.inject({ method: 'POST', url: '/v1.41/commit' });
  expect([none.statusCode, none.json()]).toEqual([400, { message: 'invalid name or ID supplied: ""' }]);
});

async function actionsOf(app: ReturnType<typeof appOver>): Promise<string[]> {
  const told = await app.inject(`/events?since=0&until=${Math.ceil(Date.now() / 1000) + 1}`);
  const lines = told.body.split(/\r?\n/).filter(Boolean);
  return lines.map((line) => JSON.parse(line).Action as string);
}
