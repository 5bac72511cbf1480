import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_PKI } from '@wherry/core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ListenAddress } from '../listen/address.ts';
import { startServer } from '../server.ts';
import { askHealth } from './ask-health.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-health-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const local = (port: number): ListenAddress => ({ kind: 'tcp', host: '127.0.0.1', port });

async function withServer(server: Server, use: (address: ListenAddress) => Promise<void>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(local((server.address() as AddressInfo).port));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answering = (status: number) =>
  createServer((_request, response) => void response.writeHead(status).end());

test('a service is well at each of its addresses: with TLS, without, and at a socket', async () => {
  const [cert, key, ca] = ['cert', 'key', 'ca'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([
    writeFile(cert, TEST_PKI.cert),
    writeFile(key, TEST_PKI.key),
    writeFile(ca, TEST_PKI.ca),
  ]);
  const socket = { kind: 'unix', path: join(directory, 'socket') } as const;
  const plain = { ...local(0), isPlain: true } as ListenAddress;
  // Whoever has no certificate of the authority is not told, and hears all the same that there is a service.
  const tls = { cert, key, clientCa: ca };
  const listen = { addresses: [local(0), plain, socket], tls };
  const server = await startServer({ root: join(directory, 'root'), listen });
  try {
    const [encrypted, open] = server.urls.map((url) => Number(new URL(url).port)) as [number, number];
    const ask = (address: ListenAddress) => askHealth({ addresses: [address], hasTls: true });
    await ask(local(encrypted));
    await ask({ kind: 'tcp', host: '0.0.0.0', port: encrypted });
    await ask({ kind: 'tcp', host: '127.0.0.1', port: open, isPlain: true });
    await ask(socket);
    await expect(ask(local(open))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  } finally {
    await server.close();
  }
});

test('one address that answers is enough', async () => {
  await withServer(answering(200), async (address) => {
    const gone = { kind: 'unix', path: join(directory, 'gone') } as const;
    await askHealth({ addresses: [local(0), gone, address], hasTls: false });
  });
});

test.each([
  { name: 'that it may not say more', status: 403, problem: undefined },
  { name: 'that it fails', status: 500, problem: /127\.0\.0\.1:\d+ answered 500$/ },
  { name: 'as something else', status: 404, problem: /answered 404$/ },
])('an answer $name', async ({ status, problem }) => {
  await withServer(answering(status), async (address) => {
    const asked = askHealth({ addresses: [address], hasTls: false });
    if (problem) await expect(asked).rejects.toThrow(problem);
    else await asked;
  });
});

test('no answer, and nowhere to ask', async () => {
  await withServer(
    createServer(() => {}),
    async (address) => {
      const asked = askHealth({ addresses: [address], hasTls: false, timeoutMs: 50 });
      await expect(asked).rejects.toThrow(/does not answer in time$/);
    },
  );
  const path = join(directory, 'none');
  await expect(askHealth({ addresses: [{ kind: 'unix', path }], hasTls: false })).rejects.toThrow(
    `the service at unix://${path} cannot be reached: ENOENT`,
  );
  await expect(askHealth({ addresses: [local(0)], hasTls: false })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'nobody can know where the service listens',
  });
});
