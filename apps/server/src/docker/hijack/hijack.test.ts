import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { ContainerRecord } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { appOver, FakeSession, type FakeVerbs, recordOf } from '../testing/fake-engine.ts';

const apps: FastifyInstance[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const app of apps.splice(0)) await app.close();
});

/** A connection whose bytes are kept. */
async function open(app: FastifyInstance): Promise<{ readonly socket: Socket; text(): string }> {
  if (!apps.includes(app)) apps.push(app);
  if (app.addresses().length === 0) await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.addresses()[0] as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'connect');
  return { socket, text: () => text };
}

function request(line: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`, 'Content-Type: application/json'];
  return [`${line} HTTP/1.1`, 'Host: d', ...headers, ...length, '', body].join('\r\n');
}

const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp'];
const HEAD_101 =
  'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

function attachable(record: ContainerRecord) {
  const sessions: FakeSession[] = [];
  const join = (sink: FakeSession['sink']) => {
    const session = new FakeSession(sink);
    sessions.push(session);
    return session;
  };
  const verbs: FakeVerbs = {
    inspect: async () => record,
    attach: async (_id, { sink }) => join(sink),
    startAttended: async (_id, sinks) => sinks.map(join),
    waitUntil: async () => ({ exitCode: 0, error: '' }),
  };
  return { app: appOver(verbs), sessions };
}

test('a client takes its connection, and gets the streams in frames', async () => {
  const { app, sessions } = attachable(recordOf());
  const { socket, text } = await open(app);
  socket.write(request('POST /v1.41/containers/web/attach?stream=1&stdout=1&stderr=1', UPGRADE));
  await expect.poll(() => sessions.length).toBe(1);
  await sessions[0]?.sink('stdout', Buffer.from('out\n'));
  await sessions[0]?.sink('stderr', Buffer.from('err\n'));
  sessions[0]?.exit(0);
  await once(socket, 'end');
  expect(text()).toBe(`${HEAD_101}\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n`);
});

test('without an upgrade what follows is the body, unframed for a terminal', async () => {
  const { app, sessions } = attachable(recordOf({ options: { tty: true } }));
  const { socket, text } = await open(app);
  socket.write(request('POST /v1.41/containers/web/attach?stream=1&stdout=1'));
  await expect.poll(() => sessions.length).toBe(1);
  await sessions[0]?.sink('stdout', Buffer.from('raw'));
  sessions[0]?.exit(0);
  await once(socket, 'end');
  expect(text()).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/);
  expect(text()).not.toContain('chunked');
  expect(text()).toMatch(/\r\n\r\nraw$/);
});

test('what is typed reaches the container, and its end does where it has one', async () => {
  const { app, sessions } = attachable(recordOf({ openStdin: true, stdinOnce: true }));
  const { socket } = await open(app);
  socket.write(`${request('POST /containers/web/attach?stream=1&stdin=1&stdout=1', UPGRADE)}typed `);
  socket.end('later');
  await expect.poll(() => sessions[0]?.inputEnds).toBe(1);
  expect(sessions[0]?.written.join('')).toBe('typed later');
  sessions[0]?.exit(0);
  await once(socket, 'end');
});

test('the keys that a client names let it leave', async () => {
  const record = recordOf({ openStdin: true, options: { tty: true } });
  const { app, sessions } = attachable(record);
  const { socket } = await open(app);
  socket.write(request('POST /containers/web/attach?stream=1&stdin=1&detachKeys=ctrl-a,b', UPGRADE));
  await expect.poll(() => sessions.length).toBe(1);
  socket.write('x\x01b');
  await once(socket, 'end');
  expect(sessions[0]?.written.join('')).toBe('x');
});

test('who attaches before the start has the first byte', async () => {
  const { app, sessions } = attachable(recordOf({ state: { status: 'created' } as never }));
  const { socket, text } = await open(app);
  socket.write(request('POST /containers/web/attach?stream=1&stdout=1', UPGRADE));
  await expect.poll(text).toContain('101 UPGRADED');
  const started = await app.inject({ method: 'POST', url: '/v1.41/containers/web/start' });
  expect([started.statusCode, sessions.length]).toEqual([204, 1]);
  await sessions[0]?.sink('stdout', Buffer.from('first'));
  sessions[0]?.exit(0);
  await once(socket, 'end');
  expect(text()).toMatch(/first$/);
});

test('a connection that is cut lets go of the container', async () => {
  const { app, sessions } = attachable(recordOf());
  const { socket } = await open(app);
  socket.write(request('POST /containers/web/attach?stream=1&stdout=1', UPGRADE));
  await expect.poll(() => sessions.length).toBe(1);
  socket.resetAndDestroy();
  expect(await sessions[0]?.exitCode).toBeUndefined();
});

test('the application closes while clients are attached', async () => {
  const { app, sessions } = attachable(recordOf());
  const { socket } = await open(app);
  socket.on('error', () => {});
  socket.write(request('POST /containers/web/attach?stream=1&stdout=1', UPGRADE));
  await expect.poll(() => sessions.length).toBe(1);
  await app.close();
  expect(await sessions[0]?.exitCode).toBeUndefined();
});

test('a process is started by a request that has a body and wants the connection', async () => {
  const commands: (readonly string[])[] = [];
  const verbs: FakeVerbs = {
    inspect: async () => recordOf(),
    exec: async ({ command }, { sink, stdin }) => {
      commands.push(command);
      const run = async () => {
        for await (const chunk of stdin ?? []) await sink('stdout', chunk);
        return 3;
      };
      return { exitCode: run(), pid: () => 42, resize: async () => {}, detach: () => {} };
    },
  };
  const app = appOver(verbs);
  const { socket, text } = await open(app);
  const created = await app.inject({
    method: 'POST',
    url: '/containers/web/exec',
    payload: { Cmd: ['cat'], AttachStdin: true, AttachStdout: true },
  });
  const { Id } = created.json();
  expect(created.statusCode).toBe(201);
  socket.end(`${request(`POST /exec/${Id}/start`, UPGRADE, '{"Detach":false,"Tty":false}')}typed`);
  await once(socket, 'end');
  expect([commands, text().slice(-13)]).toEqual([[['cat']], '\x01\0\0\0\0\0\0\x05typed']);
  expect((await app.inject(`/exec/${Id}/json`)).json()).toMatchObject({
    ...{ ID: Id, Running: false, ExitCode: 3, Pid: 42 },
    ProcessConfig: { entrypoint: 'cat', arguments: [], tty: false, privileged: false },
  });
  const again = await app.inject({ method: 'POST', url: `/exec/${Id}/start`, payload: {} });
  expect([again.statusCode, again.json().message]).toEqual([
    409,
    `Error: Exec command ${Id} has already run`,
  ]);
});

test('a client that offers another protocol with its request is served all the same', async () => {
  const { app } = attachable(recordOf());
  const { socket, text } = await open(app);
  const headers = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
  socket.write(request('POST /containers/web/exec', headers, '{"Cmd":["true"]}'));
  await expect.poll(text).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
});

test.each([
  { name: 'a body of unknown length', headers: ['Transfer-Encoding: chunked'] },
  { name: 'a body that is too long', headers: ['Content-Length: 99999999'] },
])('$name is refused where the connection is to be taken', async ({ headers }) => {
  const { app } = attachable(recordOf());
  const { socket, text } = await open(app);
  socket.write(request('POST /exec/x/start', [...UPGRADE, ...headers]));
  await once(socket, 'end');
  expect(text()).toMatch(/^HTTP\/1\.1 411 /);
});
