import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Digest } from '../../digest.ts';
import { openRegistryService } from './open-registry-service.ts';
import type { RegistryService, RepositoryAccess } from './registry-service.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const HELLO = Buffer.from('hello world');
const ABSENT = `sha256:${'0'.repeat(64)}` as Digest;

let root: string;
let service: RegistryService;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-repositories-'));
  service = await openRegistryService({ root });
});
afterEach(async () => {
  await service.close();
  await rm(root, { recursive: true, force: true });
});

/** Somebody who may read some repositories, in one of them. */
function reader(repository: string, ...readable: string[]): RepositoryAccess {
  return { repository, mayRead: (name) => readable.includes(name) };
}

/** Somebody who may read whatever the store has. */
const owner = (repository: string): RepositoryAccess => ({ repository });

function digestOf(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

async function* sourceOf(bytes: Uint8Array): ByteSource {
  yield bytes;
}

async function put(repository: string, bytes: Uint8Array = HELLO) {
  const { digest, size } = await service.putBlob(
    digestOf(bytes),
    { body: sourceOf(bytes) },
    owner(repository),
  );
  return { mediaType: 'application/octet-stream', digest, size };
}

async function push(
  access: RepositoryAccess,
  document: object,
  options: { tags?: string[]; digest?: Digest; accepts?: (current: Digest | undefined) => boolean } = {},
) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, ...document }));
  const { descriptor } = await service.putManifest({ tags: [], bytes, ...access, ...options });
  return descriptor;
}

const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('a blob', () => {
  test('is seen where it is linked by those who may not see the whole store', async () => {
    const { digest } = await put('team/app');
    const info = { digest, size: HELLO.length };
    expect(await service.findBlob(digest, reader('team/app', 'team/app'))).toEqual(info);
    expect(await service.findBlob(digest, reader('other', 'other', 'team/app'))).toBeUndefined();
    expect(await service.findBlob(digest, owner('other'))).toEqual(info);
  });

  test('is mounted by those who can read it somewhere', async () => {
    const { digest } = await put('team/app');
    expect(await service.mountBlob(digest, reader('mine', 'mine'))).toBeUndefined();
    expect(await service.findBlob(digest, reader('mine', 'mine'))).toBeUndefined();
    expect(await service.mountBlob(digest, reader('mine', 'mine', 'team/app'))).toMatchObject({ digest });
    expect(await service.findBlob(digest, reader('mine', 'mine'))).toMatchObject({ digest });
    expect(await service.mountBlob(ABSENT, owner('mine'))).toBeUndefined();
  });

  test('is linked when an upload ends', async () => {
    const id = await service.startUpload();
    const digest = digestOf(HELLO);
    await service.commitUpload(id, digest, { body: sourceOf(HELLO) }, owner('team/app'));
    expect(await service.findBlob(digest, reader('team/app', 'team/app'))).toMatchObject({ digest });
  });

  test('is deleted from one repository, until it is pushed there again', async () => {
    const { digest } = await put('one');
    await put('two');
    expect(await service.deleteBlob(digest, owner('one'))).toBe(true);
    expect(await service.deleteBlob(digest, owner('one'))).toBe(false);
    expect(await service.findBlob(digest, owner('one'))).toBeUndefined();
    expect(await service.findBlob(digest, reader('two', 'two'))).toMatchObject({ digest });
    await service.mountBlob(digest, owner('one'));
    expect(await service.findBlob(digest, owner('one'))).toMatchObject({ digest });
  });
});

describe('a manifest', () => {
  test('is no way to read what the one who pushes it may not', async () => {
    const secret = await put('secret');
    const config = await put('mine', Buffer.from('{}'));
    const image = { config, layers: [secret] };
    await expect(push(reader('mine', 'mine'), image)).rejects.toEqual(code('BLOB_UNKNOWN'));
    expect(await service.findBlob(secret.digest, reader('mine', 'mine'))).toBeUndefined();
    await push(reader('mine', 'mine', 'secret'), image);
    expect(await service.findBlob(secret.digest, reader('mine', 'mine'))).toMatchObject({
      digest: secret.digest,
    });
  });

  test('cannot name what was deleted from its repository', async () => {
    const config = await put('app', Buffer.from('{}'));
    await service.deleteBlob(config.digest, owner('app'));
    await expect(push(owner('app'), { config, layers: [] })).rejects.toEqual(code('BLOB_UNKNOWN'));
  });

  test('of an index may be one that the one who pushes can read', async () => {
    const config = await put('secret', Buffer.from('{}'));
    const child = await push(owner('secret'), { config, layers: [] });
    const index = { mediaType: INDEX_TYPE, manifests: [child] };
    await expect(push(reader('mine', 'mine'), index)).rejects.toEqual(code('BLOB_UNKNOWN'));
    await push(reader('mine', 'mine', 'secret'), index);
  });

  test('may be named by its sha512 digest', async () => {
    const config = await put('app', Buffer.from('{}'));
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] }),
    );
    const digest = digestOf(bytes, 'sha512');
    const { descriptor } = await service.putManifest({ repository: 'app', tags: ['x'], bytes, digest });
    expect(descriptor.digest).toBe(digest);
    for (const reference of ['x', digest])
      expect(await service.findManifest('app', reference)).toEqual(descriptor);
    expect(Buffer.from(await service.readManifest(descriptor))).toEqual(bytes);
  });

  test('is not recorded under a tag that is not as the one who pushes wants it', async () => {
    const config = await put('app', Buffer.from('{}'));
    const first = await push(owner('app'), { config, layers: [] }, { tags: ['x'] });
    const replace = (accepts: (current: Digest | undefined) => boolean) =>
      push(owner('app'), { config, layers: [], annotations: { a: 'b' } }, { tags: ['x'], accepts });
    await expect(replace((current) => current === undefined)).rejects.toEqual(code('CONFLICT'));
    expect(await service.findManifest('app', 'x')).toEqual(first);
    const second = await replace((current) => current === first.digest);
    expect(await service.findManifest('app', 'x')).toEqual(second);
  });

  test('loses a tag, or goes with all of them', async () => {
    const config = await put('app', Buffer.from('{}'));
    const { digest } = await push(owner('app'), { config, layers: [] }, { tags: ['1', '2', '3'] });
    expect(await service.deleteManifest('app', '1')).toBe(true);
    expect(await service.deleteManifest('app', '1')).toBe(false);
    expect(await service.findManifest('app', digest)).toBeDefined();
    expect(await service.deleteManifest('app', digest)).toBe(true);
    for (const reference of ['2', '3', digest])
      expect(await service.findManifest('app', reference)).toBeUndefined();
    expect(await service.deleteManifest('app', ABSENT)).toBe(false);
  });

  test('nested deeper than any is refused', async () => {
    const config = await put('app', Buffer.from('{}'));
    const bomb = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`);
    await expect(push(owner('app'), { config, layers: [], bomb })).rejects.toEqual(code('INVALID_DOCUMENT'));
    await push(owner('app'), { config, layers: [], annotations: { text: `"${'['.repeat(100)}\\` } });
  });
});

describe('referrers', () => {
  const subject = { mediaType: MANIFEST_TYPE, digest: ABSENT, size: 1 };
  const list = (options: object = {}) =>
    service.listReferrers({ repository: 'app', subject: ABSENT, limit: 100, ...options });

  test('are the manifests with the subject, each with its type and annotations', async () => {
    const config = await put('app', Buffer.from('{}'));
    const annotations = { a: 'b' };
    const typed = await push(owner('app'), { config, layers: [], subject, artifactType: 'x/y', annotations });
    const plain = await push(owner('app'), { config, layers: [], subject });
    const index = await push(owner('app'), { mediaType: INDEX_TYPE, manifests: [], subject });
    // It names the digest, though not as its subject; and one of another repository.
    await push(owner('app'), { mediaType: INDEX_TYPE, manifests: [plain] });
    await push(owner('other'), { config, layers: [], subject, annotations: { other: '1' } });
    const want = [
      { ...typed, artifactType: 'x/y', annotations },
      { ...plain, artifactType: 'application/octet-stream' },
      index,
    ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    expect(await list()).toEqual({ referrers: want, hasMore: false });
    expect((await list({ artifactType: 'x/y' })).referrers.map(({ digest }) => digest)).toEqual([
      typed.digest,
    ]);
    expect(await list({ limit: 2 })).toEqual({ referrers: want.slice(0, 2), hasMore: true });
    expect(await list({ limit: 2, last: want[1]?.digest })).toEqual({
      referrers: want.slice(2),
      hasMore: false,
    });
    expect(await list({ repository: 'none' })).toEqual({ referrers: [], hasMore: false });
    await service.deleteManifest('app', typed.digest);
    expect((await list()).referrers).toHaveLength(2);
  });

  test('are also those that stand under the fallback tag', async () => {
    const config = await put('app', Buffer.from('{}'));
    const own = await push(owner('app'), { config, layers: [], subject });
    const stranger = await push(owner('app'), { config, layers: [], annotations: { a: 'b' } });
    const manifests = [own, stranger];
    const tags = [`sha256-${'0'.repeat(64)}`];
    await push(owner('app'), { mediaType: INDEX_TYPE, manifests }, { tags });
    expect((await list()).referrers.map(({ digest }) => digest)).toEqual([own.digest]);
  });

  test('come in pages that a client can take', async () => {
    const config = await put('app', Buffer.from('{}'));
    for (const text of ['x', 'y', 'z'])
      await push(owner('app'), { config, layers: [], subject, annotations: { text: text.repeat(2 << 20) } });
    const first = await list();
    expect([first.referrers.length, first.hasMore]).toEqual([1, true]);
    const second = await list({ last: first.referrers[0]?.digest });
    expect(second.referrers[0]?.digest).not.toBe(first.referrers[0]?.digest);
  });
});

describe('repositories', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b/app', 'c', 'd/apple'])
      await push(owner(name), { config: await put(name, Buffer.from('{}')), layers: [] });
  });

  test('are listed for those who may read them', async () => {
    const mayRead = (name: string) => name !== 'b/app';
    expect(await service.listRepositories({ mayRead })).toEqual(['a', 'c', 'd/apple']);
    expect(await service.listRepositories({ mayRead, limit: 2 })).toEqual(['a', 'c']);
    expect(await service.listRepositories({ mayRead, last: 'a', limit: 1 })).toEqual(['c']);
    expect(await service.listRepositories()).toHaveLength(4);
  });

  test('are found by a part of their names', async () => {
    expect(await service.searchRepositories('app')).toEqual(['b/app', 'd/apple']);
    const mayRead = (name: string) => name === 'd/apple';
    expect(await service.searchRepositories('app', { mayRead })).toEqual(['d/apple']);
  });
});
