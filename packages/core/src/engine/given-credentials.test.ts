import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { TEST_PKI } from '../testing/memory-registry-pki.ts';

const ACCOUNT = { username: 'ada', password: 'secret' };

test('the credentials of a request are used for it alone, and what is stored is not', async () => {
  await using registry = await startMemoryRegistry({ auth: { kind: 'basic', ...ACCOUNT } });
  await using sandbox = new EngineSandbox();
  const fixture = makeImageFixture();
  for (const bytes of fixture.blobs.values()) registry.addBlob('app', bytes);
  const { descriptor, bytes } = fixture.image.manifest;
  registry.addManifest('app', 'latest', bytes, descriptor.mediaType);
  const ref = { domain: registry.host, path: 'app', tag: 'latest' };
  const engine = sandbox.engine();

  const given = engine.withCredentials([{ server: registry.host, ...ACCOUNT }]);
  expect(await given.describeRemote({ ref })).toMatchObject({
    descriptor: { digest: descriptor.digest },
    platforms: [{ os: 'linux', architecture: 'amd64' }],
  });
  expect((await given.pull({ ref })).status).toBe('downloaded');
  await expect(engine.describeRemote({ ref })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  const other = engine.withCredentials([{ server: 'other.example', ...ACCOUNT }]);
  await expect(other.describeRemote({ ref })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(existsSync(join(sandbox.home, '.docker'))).toBe(false);

  await engine.login({ server: registry.host, ...ACCOUNT });
  const knowing = sandbox.engine();
  expect((await knowing.describeRemote({ ref })).platforms).toHaveLength(1);
  const nobody = knowing.withCredentials([]);
  await expect(nobody.describeRemote({ ref })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

/** The registry behind TLS that nobody vouches for; the host is this machine's, and yet not on loopback. */
async function unprovenRegistry(origin: string): Promise<AsyncDisposable & { readonly domain: string }> {
  const server = createServer(TEST_PKI, async (request, response) => {
    const answer = await fetch(`http://${origin}${request.url}`, {
      headers: { accept: request.headers.accept ?? '' },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { domain: `0.0.0.0:${port}`, [Symbol.asyncDispose]: close };
}

test.skipIf(process.platform === 'win32')('a request may do without proof of who answers', async () => {
  await using registry = await startMemoryRegistry();
  await using sandbox = new EngineSandbox();
  const fixture = makeImageFixture();
  for (const bytes of fixture.blobs.values()) registry.addBlob('app', bytes);
  const { descriptor, bytes } = fixture.image.manifest;
  registry.addManifest('app', 'latest', bytes, descriptor.mediaType);
  await using proxy = await unprovenRegistry(registry.host);
  const engine = sandbox.engine();
  const plain = registry.host.replace('127.0.0.1', '0.0.0.0');
  for (const domain of [plain, proxy.domain]) {
    const ref = { domain, path: 'app', tag: 'latest' };
    const careful = engine.withCredentials([]);
    await expect(careful.describeRemote({ ref })).rejects.toMatchObject({ code: 'TLS_FAILED' });
    const trusting = engine.withCredentials([], { verifyTls: false });
    expect((await trusting.pull({ ref })).imageId).toBe(fixture.image.config.descriptor.digest);
    // What one request does without, others do not.
    await expect(careful.describeRemote({ ref })).rejects.toMatchObject({ code: 'TLS_FAILED' });
  }
});

test('credentials are tried, and not kept', async () => {
  await using registry = await startMemoryRegistry({ auth: { kind: 'basic', ...ACCOUNT } });
  await using sandbox = new EngineSandbox();
  const engine = sandbox.engine();
  expect(await engine.tryLogin({ server: registry.host, ...ACCOUNT })).toEqual({});
  const wrong = { server: registry.host, ...ACCOUNT, password: 'no' };
  await expect(engine.tryLogin(wrong)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(await engine.storedLogin(registry.host)).toBeUndefined();
});

test('images have in common what others have at the same place', async () => {
  await using sandbox = new EngineSandbox();
  const engine = sandbox.engine();
  const base = { 'etc/base': 'base' };
  const fixtures = [[base], [base, { 'etc/more': 'more!' }]].map((layers) => makeImageFixture({ layers }));
  await using registry = await startMemoryRegistry();
  for (const [index, { blobs, image }] of fixtures.entries()) {
    for (const bytes of blobs.values()) registry.addBlob('app', bytes);
    registry.addManifest('app', `${index}`, image.manifest.bytes, image.manifest.descriptor.mediaType);
    await engine.pull({ ref: { domain: registry.host, path: 'app', tag: `${index}` } });
  }
  const { layersBytes, sharedBytes } = await engine.layerUsage();
  expect([layersBytes, [...sharedBytes.values()]]).toEqual([9, [4, 4]]);
});
