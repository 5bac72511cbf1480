import { describe, expect, test } from 'vitest';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { GuardedTransport, guardedLookup, isPublicAddress } from './guarded-transport.ts';
import type { HttpRequest, Transport } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';

const ADDRESSES = [
  { address: '93.184.216.34', isPublic: true },
  { address: '10.0.0.1', isPublic: false },
  { address: '100.64.0.1', isPublic: false },
  { address: '127.1.2.3', isPublic: false },
  { address: '169.254.169.254', isPublic: false },
  { address: '172.16.0.1', isPublic: false },
  { address: '172.32.0.1', isPublic: true },
  { address: '192.168.1.1', isPublic: false },
  { address: '0.0.0.0', isPublic: false },
  { address: '255.255.255.255', isPublic: false },
  { address: '2606:4700::1', isPublic: true },
  { address: '::1', isPublic: false },
  { address: 'fd00::1', isPublic: false },
  { address: 'fe80::1%eth0', isPublic: false },
  { address: '::ffff:10.0.0.1', isPublic: false },
  { address: '::ffff:93.184.216.34', isPublic: true },
  { address: '64:ff9b::a00:1', isPublic: false },
  { address: 'no address', isPublic: false },
];

test.each(ADDRESSES)('$address is public: $isPublic', ({ address, isPublic }) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});

describe('a guarded transport', () => {
  const sent: string[] = [];
  const inner: Transport = {
    send: async ({ url }: HttpRequest) => {
      sent.push(url.host);
      throw new Error('sent');
    },
  };
  const guarded = new GuardedTransport(inner, ['registry.corp:5000', '10.0.0.1:5000']);
  const send = (url: string) => guarded.send({ method: 'GET', url: new URL(url) });

  test.each([
    'http://10.0.0.1/',
    'http://10.0.0.1:5001/',
    'http://[::1]:5000/',
    'http://localhost:9/',
    'http://a.localhost/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://[::ffff:127.0.0.1]/',
  ])('refuses %s', async (url) => {
    await expect(send(url)).rejects.toMatchObject({
      code: 'REGISTRY_ERROR',
      message: expect.stringContaining('private address'),
    });
  });

  test.each(['http://registry.corp:5000/', 'http://10.0.0.1:5000/', 'https://example.org/'])(
    'sends to %s',
    async (url) => {
      await expect(send(url)).rejects.toThrow('sent');
      expect(sent.at(-1)).toBe(new URL(url).host);
    },
  );
});

test('a name that leads to a private address is not connected to, unless it is allowed', async () => {
  await using server = await startScriptedServer(() => ({ body: 'here' }));
  const url = new URL(`http://localhost:${server.host.split(':')[1]}/`);
  await using strict = new UndiciTransport({ lookup: guardedLookup([]) });
  await expect(strict.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
  expect(server.requests).toEqual([]);
  await using open = new UndiciTransport({ lookup: guardedLookup(['localhost']) });
  await using response = await open.send({ method: 'GET', url });
  expect(response.status).toBe(200);
});
