import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logTo } from '../../test/log-lines.ts';
import { connectionOf } from './connection.ts';
import { type Listeners, type ListenRequest, openListeners } from './listeners.ts';

const LOCAL = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

let directory: string;
let app: FastifyInstance;
let open: Listeners[];
let lines: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-listen-'));
  [open, lines] = [[], []];
  app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.get('/who', async ({ raw }) => connectionOf(raw.socket));
  app.post('/read', async ({ raw }) => {
    let size = 0;
    for await (const chunk of raw) size += chunk.length;
    return String(size);
  });
  app.post('/talk', async ({ raw }, reply) => {
    reply.hijack().raw.writeHead(200).flushHeaders();
    for await (const chunk of raw) reply.raw.write(chunk);
    reply.raw.end();
  });
  // As for Docker's clients, who take the connection for themselves.
  app.server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 UPGRADED\r\n\r\n'));
  await app.ready();
});
afterEach(async () => {
  for (const each of open) {
    each.cut();
    await each.close();
  }
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

async function listen(change: Partial<ListenRequest>): Promise<Listeners> {
  const listeners = await openListeners(app, {
    addresses: [LOCAL],
    inherited: [],
    hasAccessControl: false,
    isInsecure: false,
    limits: { maxConnections: 100, headerTimeout: 30_000, stallTimeout: 60_000 },
    log: logTo(lines),
    ...change,
  });
  open.push(listeners);
  return listeners;
}

function portOf({ urls }: Listeners): number {
  return Number(new URL(urls[0] ?? '').port);
}

async function who(options: object): Promise<object> {
  const sent = request({ path: '/who', agent: false, ...options });
  sent.end();
  const [response] = await once(sent, 'response');
  return JSON.parse(Buffer.concat(await response.toArray()).toString());
}

/** What the server says on a connection until it ends, and when. */
async function untilCut(socket: Socket): Promise<{ text: string; ms: number }> {
  const start = Date.now();
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return { text, ms: Date.now() - start };
}

test('each listener says what is known of its connections', async () => {
  const path = join(directory, 's');
  const listeners = await listen({ addresses: [LOCAL, { kind: 'unix', path }] });
  expect(listeners.urls).toEqual([`http://127.0.0.1:${portOf(listeners)}`, `unix://${path}`]);
  const local = { kind: 'tcp', isEncrypted: false, address: '127.0.0.1' };
  expect(await who({ port: portOf(listeners) })).toEqual(local);
  expect(await who({ socketPath: path })).toEqual({ ...local, kind: 'unix', address: '' });
});

test('all or none: one address that is taken leaves none open', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const path = join(directory, 's');
  await expect(
    listen({
      addresses: [
        { kind: 'unix', path },
        { ...LOCAL, port },
      ],
    }),
  ).rejects.toThrow(`address 127.0.0.1:${port} is in use`);
  expect(existsSync(path)).toBe(false);
  other.close();
});

describe('a Unix socket', () => {
  test('is for its owner and group, and goes when it is closed', async () => {
    const path = join(directory, 's');
    const listeners = await listen({ addresses: [{ kind: 'unix', path }] });
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    await listeners.close();
    expect(existsSync(path)).toBe(false);
  });

  test('is not replaced when somebody answers there, nor is a file', async () => {
    const path = join(directory, 's');
    const other = createHttpServer().listen(path);
    await once(other, 'listening');
    await expect(listen({ addresses: [{ kind: 'unix', path }] })).rejects.toThrow(
      `address ${path} is in use`,
    );
    other.close();
    await writeFile(path, 'precious');
    await expect(listen({ addresses: [{ kind: 'unix', path }] })).rejects.toThrow(
      'a file is there that is no socket',
    );
  });

  test('needs a directory that there is', async () => {
    const path = join(directory, 'none', 's');
    await expect(listen({ addresses: [{ kind: 'unix', path }] })).rejects.toThrow(
      `address ${path}: there is no directory ${join(directory, 'none')}`,
    );
  });

  test('needs a group that there is', async () => {
    const addresses = [{ kind: 'unix', path: join(directory, 's') }] as const;
    await expect(listen({ addresses, socketGroup: 'no-such-group' })).rejects.toThrow(
      'there is no group "no-such-group"',
    );
  });
});

test('an address of another machine is refused by its name', async () => {
  const addresses = [{ kind: 'tcp', host: '192.0.2.1', port: 5000 }] as const;
  await expect(listen({ addresses, isInsecure: true })).rejects.toThrow(
    "address 192.0.2.1:5000 is not one of this machine's",
  );
});

describe('beyond loopback', () => {
  const everywhere = [{ kind: 'tcp', host: '0.0.0.0', port: 0 }] as const;

  test('nothing is listened on without TLS and access control', async () => {
    await expect(listen({ addresses: everywhere })).rejects.toThrow('there is no TLS and no access control');
    await expect(listen({ addresses: everywhere, hasAccessControl: true })).rejects.toThrow(
      'there is no TLS',
    );
  });

  test('a warning says that it is done all the same', async () => {
    await listen({ addresses: everywhere, isInsecure: true });
    expect(lines).toEqual([
      'address 0.0.0.0 is not a loopback address, and there is no TLS and no access control',
    ]);
  });
});

describe('a client that', () => {
  const limits = { maxConnections: 5, headerTimeout: 1000, stallTimeout: 1000 };

  test('sends its headers a byte at a time is cut', async () => {
    const socket = connect(portOf(await listen({ limits })), '127.0.0.1');
    const timer = setInterval(() => socket.write('x'), 100);
    socket.write('GET /who HTTP/1.1\r\nx: ');
    const { text, ms } = await untilCut(socket);
    clearInterval(timer);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(ms).toBeLessThan(20_000);
  });

  test('says nothing at all is cut', async () => {
    const { ms } = await untilCut(connect(portOf(await listen({ limits })), '127.0.0.1'));
    expect(ms).toBeLessThan(20_000);
  });

  test('sends headers without end is refused', async () => {
    const socket = connect(portOf(await listen({ limits })), '127.0.0.1');
    socket.write(`GET /who HTTP/1.1\r\nx: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
    expect((await untilCut(socket)).text).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('stops in the middle of its body is cut', async () => {
    const socket = connect(portOf(await listen({ limits })), '127.0.0.1');
    socket.write('POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    expect((await untilCut(socket)).ms).toBeLessThan(20_000);
  });

  test('sends its body slowly, but sends it, is served', async () => {
    const socket = connect(portOf(await listen({ limits })), '127.0.0.1');
    socket.write('POST /read HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 8\r\n\r\n');
    let sent = 0;
    const timer = setInterval(() => {
      if (sent++ < 8) socket.write('x');
    }, 300);
    const { text } = await untilCut(socket);
    clearInterval(timer);
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n8$/);
  });

  test('talks with us may pause for as long as it likes', async () => {
    const socket = connect(portOf(await listen({ limits })), '127.0.0.1');
    socket.write('POST /talk HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\na');
    // Longer than a body may stall.
    setTimeout(() => socket.write('b'), 3 * limits.stallTimeout);
    expect((await untilCut(socket)).text).toMatch(/^HTTP\/1\.1 200 [\s\S]*a[\s\S]*b/);
  });

  test('has taken its connection for itself is cut with the others', async () => {
    const listeners = await listen({ limits });
    const socket = connect(portOf(listeners), '127.0.0.1');
    socket.write('POST /x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
    const closed = listeners.close();
    listeners.cut();
    await closed;
    await untilCut(socket);
  });

  test('is one too many is turned away, and those there are go on', async () => {
    const listeners = await listen({ limits: { ...limits, headerTimeout: 30_000 } });
    const sockets = Array.from({ length: 5 }, () => connect(portOf(listeners), '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const more = connect(portOf(listeners), '127.0.0.1');
    expect((await untilCut(more)).text).toBe('');
    const [first] = sockets;
    first?.write('GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [chunk] = await once(first as Socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of sockets) socket.destroy();
  });
});

test('files that are no certificate and key are named', async () => {
  const [cert, key] = [join(directory, 'cert'), join(directory, 'key')];
  await expect(listen({ tls: { cert, key } })).rejects.toThrow(`${cert} cannot be read`);
  for (const path of [cert, key]) await writeFile(path, 'nothing');
  await expect(listen({ tls: { cert, key } })).rejects.toThrow(`${cert}: is no certificate in PEM`);
});
