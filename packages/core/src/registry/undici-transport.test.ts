import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TEST_PKI } from '../testing/memory-registry-pki.ts';
import type { TrustSettings } from './transport.ts';
import { UndiciTransport, type UndiciTransportOptions } from './undici-transport.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function transport(options: UndiciTransportOptions = {}): UndiciTransport {
  const made = new UndiciTransport(options);
  closers.push(() => made[Symbol.asyncDispose]());
  return made;
}

async function get(over: UndiciTransport, url: string): Promise<{ status: number; body: string }> {
  await using response = await over.send({ method: 'GET', url: new URL(url) });
  let body = '';
  for await (const chunk of response.body) body += Buffer.from(chunk).toString();
  return { status: response.status, body };
}

const hello = () => createHttpServer((request, response) => response.end(`hello ${request.url}`));
const helloTls = () =>
  createHttpsServer({ cert: TEST_PKI.cert, key: TEST_PKI.key }, (_, response) => response.end('hello tls'));
const trust = (settings: Partial<TrustSettings>) => ({
  trustFor: async () => ({ verify: true, ca: [], ...settings }),
});

describe('TLS', () => {
  test('trusts an authority of its own', async () => {
    const port = await listen(helloTls());
    expect(await get(transport(trust({ ca: [TEST_PKI.ca] })), `https://127.0.0.1:${port}/`)).toEqual({
      status: 200,
      body: 'hello tls',
    });
  });

  test('does without verification where that is wanted', async () => {
    const port = await listen(helloTls());
    expect((await get(transport(trust({ verify: false })), `https://127.0.0.1:${port}/`)).status).toBe(200);
  });

  test('names the certificate it does not trust and where to put the authority', async () => {
    const port = await listen(helloTls());
    await expect(get(transport(trust({})), `https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message:
        'tls: failed to verify certificate: x509: certificate signed by unknown authority (certificate of "registry.test", issued by "wherry test authority")',
      hint: expect.stringContaining(`/etc/docker/certs.d/127.0.0.1:${port}/ca.crt`),
    });
  });

  test('names the hosts that a certificate is for', async () => {
    const port = await listen(helloTls());
    await expect(
      get(transport(trust({ ca: [TEST_PKI.ca] })), `https://localhost:${port}/`),
    ).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringContaining('certificate is valid for 127.0.0.1, registry.test, not localhost'),
    });
  });

  test('says when the server speaks plain http', async () => {
    const port = await listen(hello());
    await expect(get(transport(), `https://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: 'http: server gave HTTP response to HTTPS client',
      hint: expect.stringContaining('insecure-registries'),
    });
  });
});

describe('proxies', () => {
  test('get the whole URL of a plain request', async () => {
    const seen: string[] = [];
    const proxy = createHttpServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('from the proxy');
    });
    const proxyUrl = new URL(`http://127.0.0.1:${await listen(proxy)}`);
    const over = transport({ proxyFor: () => proxyUrl });
    expect((await get(over, 'http://registry.test/v2/')).body).toBe('from the proxy');
    expect(seen).toEqual(['http://registry.test/v2/']);
  });

  test('tunnel what is encrypted', async () => {
    const target = await listen(helloTls());
    const seen: string[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', (request, client) => {
      seen.push(request.url ?? '');
      const upstream = connect(target, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.pipe(client).on('error', () => upstream.destroy());
      client.pipe(upstream).on('error', () => client.destroy());
    });
    const proxyUrl = new URL(`http://127.0.0.1:${await listen(proxy)}`);
    const over = transport({ proxyFor: () => proxyUrl, ...trust({ ca: [TEST_PKI.ca] }) });
    expect((await get(over, 'https://registry.test/')).body).toBe('hello tls');
    expect(seen).toEqual(['registry.test:443']);
  });

  test.each([
    { name: 'without a password', user: '', scheme: 'http' },
    { name: 'with a password', user: 'user:secret@', scheme: 'http' },
    { name: 'for what is encrypted', user: '', scheme: 'https' },
  ])('may speak SOCKS5 $name', async ({ user, scheme }) => {
    const target = await listen(scheme === 'http' ? hello() : helloTls());
    const asked: string[] = [];
    const proxyPort = await listen(socksServer(target, asked));
    const proxyUrl = new URL(`socks5://${user}127.0.0.1:${proxyPort}`);
    const over = transport({ proxyFor: () => proxyUrl, ...trust({ ca: [TEST_PKI.ca] }) });
    expect((await get(over, `${scheme}://registry.test/x`)).status).toBe(200);
    expect(asked).toEqual([
      `${user === '' ? '' : 'user:secret '}registry.test:${scheme === 'http' ? 80 : 443}`,
    ]);
  });

  test('that are gone are named', async () => {
    const over = transport({ proxyFor: () => new URL('socks5://127.0.0.1:1') });
    await expect(get(over, 'http://registry.test/')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('socks connect tcp 127.0.0.1:1: '),
    });
  });
});

describe('bodies', () => {
  test('arrive whole whatever their size, in memory of their own', async () => {
    const bytes = Buffer.alloc(5_000_003, 'wherry');
    const port = await listen(createHttpServer((_, response) => response.end(bytes)));
    const over = transport();
    await using response = await over.send({ method: 'GET', url: new URL(`http://127.0.0.1:${port}/`) });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  test('that nobody reads do not hold the next request', async () => {
    const bytes = Buffer.alloc(3_000_000);
    const port = await listen(createHttpServer((_, response) => response.end(bytes)));
    const over = transport({ maxConnections: 1 });
    for (let count = 0; count < 3; count++) {
      const response = await over.send({ method: 'GET', url: new URL(`http://127.0.0.1:${port}/`) });
      await response[Symbol.asyncDispose]();
    }
  });

  test('wait for a slow reader', async () => {
    const port = await listen(createHttpServer((_, response) => response.end(Buffer.alloc(20_000_000))));
    const over = transport();
    const response = await over.send({ method: 'GET', url: new URL(`http://127.0.0.1:${port}/`) });
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    await response[Symbol.asyncDispose]();
  });

  test('end with the request when it is cancelled', async () => {
    const port = await listen(createHttpServer(() => {}));
    const abort = new AbortController();
    const sending = transport().send(
      { method: 'GET', url: new URL(`http://127.0.0.1:${port}/`) },
      abort.signal,
    );
    setTimeout(() => abort.abort(), 5);
    await expect(sending).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('nothing but http and https is sent', async () => {
  await expect(get(transport(), 'ftp://registry.test/')).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

/** A SOCKS5 server that connects everything to one port and notes what was asked. */
function socksServer(target: number, asked: string[]): TcpServer {
  return createTcpServer(async (client) => {
    const next = async () => ((await once(client, 'data')) as [Buffer])[0];
    const methods = await next();
    let who = '';
    if (methods.includes(2, 2)) {
      client.write(Buffer.from([5, 2]));
      const login = await next();
      const nameLength = login[1] ?? 0;
      who = `${login.subarray(2, 2 + nameLength)}:${login.subarray(3 + nameLength)} `;
      client.write(Buffer.from([1, 0]));
    } else client.write(Buffer.from([5, 0]));
    const request = await next();
    const length = request[4] ?? 0;
    asked.push(`${who}${request.subarray(5, 5 + length)}:${request.readUInt16BE(5 + length)}`);
    const upstream = connect(target, '127.0.0.1', () => {
      client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
      client.pipe(upstream).pipe(client);
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
}
