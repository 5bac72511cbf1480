import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../image/build-image.ts';
import { parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, recorder } from '../testing/engine-sandbox.ts';
import { noise, sourceOf } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { tarOf } from '../testing/tar-fixtures.ts';

const tar = tarOf({ name: 'etc/hello', type: 'file', content: 'hello\n' });
// Archives of every packing, from a directory beside the checkout.
const CASES = new URL('../../../../../shared/cases/tar-hostile/', import.meta.url);
const diffID = digestOfBytes(tar);
const ref = parseReference('imported:1');

/** A server of plain files: the tar, a way to it, and nothing else. */
async function startFileServer(redirects = 1) {
  const server = createServer((request, response) => {
    const hop = /^\/hop(\d+)$/.exec(request.url ?? '')?.[1];
    if (request.url === '/rootfs.tar') response.end(tar);
    else if (hop)
      response
        .writeHead(302, { location: Number(hop) < redirects ? `/hop${Number(hop) + 1}` : '/rootfs.tar' })
        .end();
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('import', () => {
  test.each([
    { name: 'a plain tar', bytes: tar, kept: tar },
    { name: 'a tar in gzip', bytes: gzipSync(tar), kept: gzipSync(tar) },
    { name: 'a tar in zstd', bytes: zstdCompressSync(tar), kept: zstdCompressSync(tar) },
    {
      name: 'a tar in two gzip members',
      bytes: Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
      kept: undefined,
    },
    {
      name: 'a tar in gzip with bytes behind it',
      bytes: Buffer.concat([gzipSync(tar), Buffer.from('junk')]),
      kept: tar,
    },
    {
      name: 'a tar in gzip with the start of a member behind it',
      bytes: Buffer.concat([gzipSync(tar), Buffer.from([0x1f, 0x8b, 7])]),
      kept: tar,
    },
  ])('makes an image of one layer from $name', async ({ bytes, kept }) => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const { id } = await engine.import({ from: sourceOf([bytes]), ref });
    expect(await engine.inspect('imported:1')).toMatchObject({
      Id: id,
      RepoTags: ['imported:1'],
      Comment: 'Imported from -',
      RootFS: { Layers: [diffID] },
      Size: 6,
    });
    if (kept) expect(sandbox.files('blobs')).toContain(`blobs/sha256/${digestOfBytes(kept).slice(7)}`);
    expect(sandbox.files('blobs')).toHaveLength(3);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image: 'imported:1' });
    expect(sandbox.contents()).toEqual([]);
  });

  test
    .skipIf(!existsSync(CASES))
    .each([{ file: 'cmp-xz.tar.xz' }, { file: 'cmp-bzip2.tar.bz2' }, { file: 'cmp-gzip-trailing.tar.gz' }])(
    'keeps $file as a plain tar',
    async ({ file }) => {
      await using sandbox = new EngineSandbox();
      const engine = sandbox.engine();
      await engine.import({ from: fileURLToPath(new URL(file, CASES)), ref });
      const [blob] = sandbox.files('tocs').map((path) => path.slice(-64));
      const { RootFS } = await engine.inspect('imported:1');
      const layers = (RootFS as { Layers: string[] }).Layers;
      expect(layers).toEqual([`sha256:${blob}`]);
      expect(sandbox.files('blobs')).toHaveLength(3);
      expect((await engine.check()).faults).toEqual([]);
    },
  );

  test('reads a file, a URL, and a URL that leads elsewhere', async () => {
    await using server = await startFileServer();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const path = sandbox.path('rootfs.tar');
    writeFileSync(path, tar);
    for (const from of [path, `${server.url}/rootfs.tar`, `${server.url}/hop1`]) {
      const seen = recorder();
      const { id } = await engine.import({ from }, seen);
      const inspection = await engine.inspect(id);
      expect(inspection.RootFS).toEqual({ Type: 'layers', Layers: [diffID] });
      expect(inspection.Comment).toBe(`Imported from ${from === path ? '-' : from}`);
      const announced = seen.events.filter(({ kind }) => kind === 'fetching');
      expect(announced).toEqual(from === path ? [] : [{ kind: 'fetching', url: from, total: tar.length }]);
    }
  });

  test.each([
    {
      name: 'a URL that is not there',
      path: '/none.tar',
      code: 'FILE_NOT_FOUND',
      message: /^failed to GET http:.*\/none.tar with status 404 Not Found: not here$/,
    },
    {
      name: 'a URL that leads in a circle',
      path: '/hop1',
      code: 'UNREACHABLE',
      message: /stopped after 10 redirects/,
    },
  ])('refuses $name', async ({ path, code, message }) => {
    await using server = await startFileServer(1000);
    await using sandbox = new EngineSandbox();
    await expect(sandbox.engine().import({ from: server.url + path })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(sandbox.contents()).toEqual([]);
  });

  test('refuses a URL where nobody listens, in Docker’s words', async () => {
    await using sandbox = new EngineSandbox();
    await expect(sandbox.engine().import({ from: 'http://127.0.0.1:1/x.tar' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'Get "http://127.0.0.1:1/x.tar": dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });

  test('applies changes, message and platform', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.import({
      from: sourceOf([tar]),
      ref,
      changes: ['CMD ["/etc/hello"]', 'ENV A=1'],
      message: 'by hand',
      platform: { os: 'linux', architecture: 'aarch64' },
    });
    expect(await engine.inspect('imported:1')).toMatchObject({
      Comment: 'by hand',
      Architecture: 'arm64',
      Os: 'linux',
      Config: { Cmd: ['/etc/hello'], Env: ['A=1'] },
    });
    expect(await engine.history('imported:1')).toMatchObject([{ comment: 'by hand', size: 6 }]);
  });

  test.each([
    {
      name: 'a change that is none',
      request: { changes: ['RUN x'] },
      code: 'INVALID_ARGUMENT',
      message: 'run is not a valid change command',
    },
    {
      name: 'a name with a digest',
      request: { ref: parseReference(`a@${diffID}`) },
      code: 'INVALID_ARGUMENT',
      message: 'cannot import digest reference',
    },
    {
      name: 'a system that is none',
      request: { platform: { os: 'plan9', architecture: 'amd64' } },
      code: 'UNSUPPORTED',
      message: 'operating system is not supported',
    },
  ])('refuses $name before it reads', async ({ request, code, message }) => {
    await using sandbox = new EngineSandbox();
    // biome-ignore lint/correctness/useYield: it must not come that far
    async function* never(): AsyncGenerator<Uint8Array> {
      throw new Error('read');
    }
    await expect(sandbox.engine().import({ from: never(), ...request })).rejects.toMatchObject({
      code,
      message,
    });
  });

  test.each([
    { name: 'is no tar', bytes: noise(2000), code: 'INVALID_TAR' },
    { name: 'ends in the middle', bytes: tar.subarray(0, 515), code: 'TRUNCATED' },
    { name: 'is half a gzip', bytes: gzipSync(tar).subarray(0, 40), code: 'TRUNCATED' },
    { name: 'is damaged gzip', bytes: gzipSync(tar).fill(0, 20, 40), code: /CORRUPT|INVALID_TAR/ },
  ])('leaves nothing of what $name', async ({ bytes, code }) => {
    await using sandbox = new EngineSandbox();
    await expect(sandbox.engine().import({ from: sourceOf([bytes]), ref })).rejects.toMatchObject({
      code: typeof code === 'string' ? code : expect.stringMatching(code),
    });
    expect(sandbox.contents()).toEqual([]);
    expect(await sandbox.engine().images({ all: true })).toEqual([]);
  });

  test.each([
    { name: 'nothing at all', bytes: new Uint8Array(0) },
    { name: 'a tar without entries', bytes: tarOf() },
  ])('makes an empty image of $name', async ({ bytes }) => {
    await using sandbox = new EngineSandbox();
    await sandbox.engine().import({ from: sourceOf([bytes]), ref });
    expect(await sandbox.engine().images()).toMatchObject([{ size: 0, repoTags: ['imported:1'] }]);
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('says of files what the system says of them', async () => {
    await using sandbox = new EngineSandbox();
    await expect(sandbox.engine().import({ from: '/nonexistent/x.tar' })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: 'open /nonexistent/x.tar: no such file or directory',
    });
    mkdirSync(sandbox.path('dir'));
    await expect(sandbox.engine().import({ from: sandbox.path('dir') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `read ${sandbox.path('dir')}: is a directory`,
    });
  });

  test('keeps the bytes of the same tar only once, and moves the tag', async () => {
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    await engine.import({ from: sourceOf([tar]), ref, message: 'one' });
    const second = await engine.import({ from: sourceOf([tar]), ref, message: 'two' });
    expect((await engine.images()).find(({ id }) => id === second.id)?.repoTags).toEqual(['imported:1']);
    expect(sandbox.files('tocs')).toHaveLength(1);
  });

  test('leaves nothing when it is cancelled', async () => {
    await using sandbox = new EngineSandbox();
    const cancel = new AbortController();
    async function* slowly() {
      yield tar.subarray(0, 600);
      cancel.abort();
      yield tar.subarray(600);
    }
    const importing = sandbox.engine().import({ from: slowly(), ref }, { signal: cancel.signal });
    await expect(importing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sandbox.contents()).toEqual([]);
  });

  test('makes what a registry takes and gives back', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const target = nameAt(registry, 'team/imported:1');
    const { id } = await sandbox.engine().import({ from: sourceOf([gzipSync(tar)]), ref: target });
    await sandbox.engine().push({ ref: target });
    await using second = new EngineSandbox();
    expect((await second.engine().pull({ ref: target })).imageId).toBe(id);
  });
});
