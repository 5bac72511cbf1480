import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { systemClock } from '../../clock.ts';
import { FsBlobStore } from '../../content/fs-blob-store.ts';
import type { Digest } from '../../digest.ts';
import { type ErrorCode, WherryError } from '../../errors.ts';
import { type FilePiece, type HashedPart, hashPiece } from '../../layer/hash-piece.ts';
import { SqliteMetadataStore } from '../../metadata/sqlite-metadata-store.ts';
import { loadCoreModule } from '../../wasm/load.ts';
import { WasmHasher } from '../../wasm/wasm-hasher.ts';
import { createRegistryService, type RegistryService } from './registry-service.ts';
import { UploadSessions } from './upload-sessions.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const FOREIGN_TYPE = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const ABSENT = `sha256:${'0'.repeat(64)}` as Digest;
const HELLO = Buffer.from('hello world');
const MIB = 1 << 20;

let root: string;
let service: RegistryService;
let metadata: SqliteMetadataStore;
/** Nobody waits: a session is free, or it is not. */
const clock = { ...systemClock, sleep: async () => {} };
/** Bytes that were hashed from files since the service started. */
let hashedBytes: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-registry-'));
  service = await start();
});
afterEach(async () => {
  await service.close();
  await rm(root, { recursive: true, force: true });
});

/** What a fresh process would have: nothing is shared with the service before but the directory. */
async function start(): Promise<RegistryService> {
  const module = await loadCoreModule();
  hashedBytes = 0;
  metadata = SqliteMetadataStore.open(root);
  const fastHasher = () => new NodeHasher();
  const blobs = new FsBlobStore(root, { createHasher: fastHasher });
  const resumableHasher = (state?: Uint8Array) =>
    state ? WasmHasher.restore(module, state) : WasmHasher.create(module);
  const uploads = new UploadSessions({
    blobs,
    root,
    resumableHasher,
    hashPiece: hashHere,
    fastHasher,
    clock,
  });
  const opened = metadata;
  return createRegistryService({ blobs, metadata, uploads, fastHasher, close: async () => opened.close() });
}

async function restart(): Promise<void> {
  await service.close();
  service = await start();
}

/** In place of another thread. */
async function hashHere(piece: FilePiece): Promise<HashedPart> {
  hashedBytes += piece.to - piece.from.offset;
  return hashPiece(piece);
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

async function* chunksOf(bytes: Uint8Array, size = 65_521): ByteSource {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* breaksAfter(bytes: Uint8Array): ByteSource {
  yield* chunksOf(bytes);
  throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
}

async function put(bytes: Uint8Array): Promise<Digest> {
  return (await service.putBlob(digestOf(bytes), { body: chunksOf(bytes) })).digest;
}

async function contentOf(digest: Digest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of service.readBlob(digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function failure(code: ErrorCode) {
  return expect.objectContaining({ code });
}

function dataFile(id: string): string {
  return join(root, 'ingests', id, 'data');
}

describe('an upload session', () => {
  test('takes chunks, says where it stands, and becomes a blob', async () => {
    const id = await service.startUpload();
    expect(await service.uploadOffset(id)).toBe(0);
    expect(await service.appendUpload(id, { body: chunksOf(HELLO.subarray(0, 5)), startAt: 0 })).toBe(5);
    expect(await service.uploadOffset(id)).toBe(5);
    const last = { body: chunksOf(HELLO.subarray(5)), startAt: 5 };
    const info = { digest: digestOf(HELLO), size: 11 };
    expect(await service.commitUpload(id, digestOf(HELLO), last)).toEqual(info);
    expect(await service.findBlob(info.digest)).toEqual(info);
    expect(await contentOf(info.digest)).toEqual(HELLO);
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
    expect(await readdir(join(root, 'ingests'))).toEqual([]);
  });

  test('may hold nothing at all', async () => {
    const id = await service.startUpload();
    const empty = Buffer.alloc(0);
    await service.commitUpload(id, digestOf(empty));
    expect(await contentOf(digestOf(empty))).toEqual(empty);
  });

  test('goes on after a restart, and no byte is hashed twice', async () => {
    const bytes = randomBytes(3 * MIB + 17);
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(bytes.subarray(0, 2 * MIB)) });
    await restart();
    expect(await service.uploadOffset(id)).toBe(2 * MIB);
    await service.appendUpload(id, { body: chunksOf(bytes.subarray(2 * MIB)), startAt: 2 * MIB });
    await restart();
    await service.commitUpload(id, digestOf(bytes));
    expect(hashedBytes).toBe(0);
    expect(await contentOf(digestOf(bytes))).toEqual(bytes);
  });

  test('keeps what arrived of a body that breaks off', async () => {
    const bytes = randomBytes(MIB + 5);
    const id = await service.startUpload();
    const body = breaksAfter(bytes.subarray(0, 700_001));
    await expect(service.appendUpload(id, { body })).rejects.toThrow('aborted');
    expect(await service.uploadOffset(id)).toBe(700_001);
    await restart();
    const rest = { body: chunksOf(bytes.subarray(700_001)), startAt: 700_001 };
    await service.commitUpload(id, digestOf(bytes), rest);
    expect(await contentOf(digestOf(bytes))).toEqual(bytes);
  });

  test('hashes again only what a killed process wrote behind its last state', async () => {
    const bytes = randomBytes(12 * MIB);
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(bytes.subarray(0, 9 * MIB)) });
    // As a process leaves it that is killed between a write and the next state.
    await appendFile(dataFile(id), bytes.subarray(9 * MIB, 11 * MIB));
    await restart();
    expect(await service.uploadOffset(id)).toBe(11 * MIB);
    const last = { body: chunksOf(bytes.subarray(11 * MIB)), startAt: 11 * MIB };
    await service.commitUpload(id, digestOf(bytes), last);
    expect(hashedBytes).toBe(3 * MIB);
    expect(await contentOf(digestOf(bytes))).toEqual(bytes);
  });

  test('saves its state while a long request runs', async () => {
    const bytes = randomBytes(20 * MIB);
    const id = await service.startUpload();
    const statePath = join(root, 'ingests', id, 'state');
    const savedOffset = async () => Number((await readFile(statePath)).readBigUInt64LE(8));
    async function* observed(): ByteSource {
      yield* chunksOf(bytes.subarray(0, 10 * MIB));
      await expect.poll(savedOffset, { timeout: 20_000 }).toBeGreaterThanOrEqual(8 * MIB);
      yield* chunksOf(bytes.subarray(10 * MIB));
    }
    await service.appendUpload(id, { body: observed() });
    expect(await savedOffset()).toBe(20 * MIB);
  });

  test('is unknown when its file has fewer bytes than its state says', async () => {
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(HELLO) });
    await truncate(dataFile(id), 5);
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
    expect(await readdir(join(root, 'ingests'))).toEqual([]);
  });

  test.each([
    { name: 'cut short', bytes: Buffer.alloc(9) },
    { name: 'empty', bytes: Buffer.alloc(0) },
    { name: 'of another version', bytes: Buffer.alloc(80, 9) },
  ])('is unknown when its state is $name', async ({ bytes }) => {
    const id = await service.startUpload();
    await writeFile(join(root, 'ingests', id, 'state'), bytes);
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
  });

  test.each(['x', '../../blobs', '', '0'.repeat(36), ABSENT])('is unknown under the name %j', async (id) => {
    await expect(service.appendUpload(id, { body: chunksOf(HELLO) })).rejects.toEqual(
      failure('UPLOAD_UNKNOWN'),
    );
  });

  test('refuses a chunk that begins elsewhere, and says where it stands', async () => {
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(HELLO.subarray(0, 5)) });
    const chunk = { body: chunksOf(HELLO), startAt: 6 };
    const refusal = expect.objectContaining({ code: 'INVALID_RANGE', details: { offset: 5 } });
    await expect(service.appendUpload(id, chunk)).rejects.toEqual(refusal);
    await expect(service.commitUpload(id, digestOf(HELLO), chunk)).rejects.toEqual(refusal);
    expect(await service.uploadOffset(id)).toBe(5);
  });

  test.each([
    { name: 'in chunks', first: HELLO },
    { name: 'at once', first: undefined },
  ])('is gone once it was ended with the wrong digest: $name', async ({ first }) => {
    const id = await service.startUpload();
    if (first) await service.appendUpload(id, { body: chunksOf(first) });
    const last = first ? undefined : { body: chunksOf(HELLO) };
    await expect(service.commitUpload(id, ABSENT, last)).rejects.toEqual(failure('DIGEST_MISMATCH'));
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
    expect(await service.findBlob(ABSENT)).toBeUndefined();
    expect(await readdir(join(root, 'ingests'))).toEqual([]);
  });

  test('does not end with other bytes than the digest says, though the blob is here', async () => {
    await put(HELLO);
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(Buffer.from('other')) });
    await expect(service.commitUpload(id, digestOf(HELLO))).rejects.toEqual(failure('DIGEST_MISMATCH'));
    await expect(service.putBlob(digestOf(HELLO), { body: chunksOf(Buffer.alloc(0)) })).rejects.toEqual(
      failure('DIGEST_MISMATCH'),
    );
    expect(await contentOf(digestOf(HELLO))).toEqual(HELLO);
  });

  test('serves one request at a time, and tells another one how far that is', async () => {
    const id = await service.startUpload();
    const gate = Promise.withResolvers<void>();
    async function* slow(): ByteSource {
      yield Buffer.alloc(MIB);
      await gate.promise;
    }
    const running = service.appendUpload(id, { body: slow() });
    await expect.poll(() => service.uploadOffset(id)).toBe(MIB);
    await expect(service.appendUpload(id, { body: chunksOf(HELLO) })).rejects.toEqual(failure('CONFLICT'));
    await expect(service.cancelUpload(id)).rejects.toEqual(failure('CONFLICT'));
    gate.resolve();
    expect(await running).toBe(MIB);
  });

  test('is of the repository that it was begun in, also after a restart', async () => {
    const id = await service.startUpload('team/app');
    const first = { body: chunksOf(HELLO.subarray(0, 5)) };
    for (const begun of [true, false]) {
      const unknown = failure('UPLOAD_UNKNOWN');
      await expect(service.uploadOffset(id, 'team/other')).rejects.toEqual(unknown);
      await expect(service.appendUpload(id, first, 'team/other')).rejects.toEqual(unknown);
      await expect(service.cancelUpload(id, 'team/other')).rejects.toEqual(unknown);
      const access = { repository: 'team/other' };
      await expect(service.commitUpload(id, digestOf(HELLO), undefined, access)).rejects.toEqual(unknown);
      expect(() => service.requireUpload(id, 'team')).toThrow(unknown);
      await restart();
      if (begun) expect(await service.appendUpload(id, first, 'team/app')).toBe(5);
    }
    const last = { body: chunksOf(HELLO.subarray(5)) };
    await service.commitUpload(id, digestOf(HELLO), last, { repository: 'team/app' });
    expect(await contentOf(digestOf(HELLO))).toEqual(HELLO);
  });

  test('is unknown through another repository while a request uses it', async () => {
    const id = await service.startUpload('team/app');
    const [gate, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* slow(): ByteSource {
      begun.resolve();
      await gate.promise;
      yield HELLO;
    }
    const running = service.appendUpload(id, { body: slow() }, 'team/app');
    await begun.promise;
    const unknown = failure('UPLOAD_UNKNOWN');
    await expect(service.uploadOffset(id, 'team/other')).rejects.toEqual(unknown);
    await expect(service.cancelUpload(id, 'team/other')).rejects.toEqual(unknown);
    gate.resolve();
    expect(await running).toBe(HELLO.length);
  });

  test.each([
    { name: 'of a version that had no repositories', repository: '', version: 1, outcome: 5 },
    { name: 'of a later version', repository: 'team/app', version: 3, outcome: 'UPLOAD_UNKNOWN' },
  ])('goes on with a state $name or not', async ({ repository, version, outcome }) => {
    const id = await service.startUpload(repository);
    await service.appendUpload(id, { body: chunksOf(HELLO.subarray(0, 5)) });
    const path = join(root, 'ingests', id, 'state');
    const state = await readFile(path);
    state.writeUInt32LE(version, 0);
    await writeFile(path, state);
    await restart();
    const found = service.uploadOffset(id, 'team/app').catch((error: WherryError) => error.code);
    expect(await found).toBe(outcome);
  });

  test.each([1 << 20, 0xffffffff])('is unknown when its name is said to have %i bytes', async (length) => {
    const id = await service.startUpload('team/app');
    const path = join(root, 'ingests', id, 'state');
    const state = await readFile(path);
    state.writeUInt32LE(length, 4);
    await writeFile(path, state);
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
  });

  test('goes on at once when the request before it has just broken off', async () => {
    const id = await service.startUpload();
    const [gate, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* broken(): ByteSource {
      begun.resolve();
      yield HELLO.subarray(0, 5);
      await gate.promise;
      throw new Error('aborted');
    }
    const module = await loadCoreModule();
    const fastHasher = () => new NodeHasher();
    const patient = new UploadSessions({
      root,
      fastHasher,
      blobs: new FsBlobStore(root, { createHasher: fastHasher }),
      clock: { ...systemClock, sleep: () => new Promise(() => {}) },
      hashPiece: hashHere,
      resumableHasher: (state) => (state ? WasmHasher.restore(module, state) : WasmHasher.create(module)),
    });
    const first = patient.append(id, { body: broken() });
    await begun.promise;
    const second = patient.append(id, { body: chunksOf(HELLO.subarray(5)), startAt: 5 });
    gate.resolve();
    await expect(first).rejects.toThrow('aborted');
    expect(await second).toBe(11);
  });

  test('can be one of many for the same blob', async () => {
    const bytes = randomBytes(MIB);
    const upload = async () => {
      const id = await service.startUpload();
      await service.appendUpload(id, { body: chunksOf(bytes) });
      return service.commitUpload(id, digestOf(bytes));
    };
    const expected = { digest: digestOf(bytes), size: MIB };
    expect(await Promise.all([upload(), upload(), upload(), put(bytes)])).toEqual([
      expected,
      expected,
      expected,
      expected.digest,
    ]);
    expect(await contentOf(expected.digest)).toEqual(bytes);
  });

  test('is forgotten when cancelled', async () => {
    const id = await service.startUpload();
    await service.appendUpload(id, { body: chunksOf(HELLO) });
    await service.cancelUpload(id);
    await expect(service.uploadOffset(id)).rejects.toEqual(failure('UPLOAD_UNKNOWN'));
    expect(await readdir(join(root, 'ingests'))).toEqual([]);
  });

  test('is forgotten when nobody has used it for long', async () => {
    const [old, fresh] = [await service.startUpload(), await service.startUpload()];
    await service.appendUpload(old, { body: chunksOf(HELLO) });
    const directory = join(root, 'ingests', old);
    for (const name of await readdir(directory)) await utimes(join(directory, name), 1, 1);
    await utimes(directory, 1, 1);
    expect(await service.countUploads()).toBeGreaterThan(0);
    expect(await service.removeStaleUploads(3600_000)).toBe(1);
    expect(await readdir(join(root, 'ingests'))).toEqual([fresh]);
  });

  test.each([
    { name: 'in one request', pieces: [HELLO] },
    { name: 'in chunks', pieces: [HELLO.subarray(0, 3), HELLO.subarray(3)] },
  ])('may end with a sha512 digest, sent $name', async ({ pieces }) => {
    const sha512 = `sha512:${createHash('sha512').update(HELLO).digest('hex')}` as Digest;
    const id = await service.startUpload();
    for (const piece of pieces.slice(0, -1)) await service.appendUpload(id, { body: chunksOf(piece) });
    await service.commitUpload(id, sha512, { body: chunksOf(pieces.at(-1) as Buffer) });
    expect(await contentOf(sha512)).toEqual(HELLO);
    const other = `sha512:${'0'.repeat(128)}` as Digest;
    await expect(service.commitUpload(await service.startUpload(), other)).rejects.toEqual(
      failure('DIGEST_MISMATCH'),
    );
  });
});

test('a blob sent in one request leaves nothing when it breaks off', async () => {
  await expect(service.putBlob(ABSENT, { body: breaksAfter(HELLO) })).rejects.toThrow('aborted');
  expect(await readdir(join(root, 'ingests'))).toEqual([]);
});

test('a blob that a client was told of stays for the grace period', async () => {
  const digest = await put(HELLO);
  expect(await service.findBlob(digest)).toEqual({ digest, size: 11 });
  expect(metadata.reachable().has(digest)).toBe(true);
});

describe('a manifest', () => {
  const describeBlob = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const config = describeBlob(CONFIG_TYPE, Buffer.from('{}'));
  const layer = describeBlob(LAYER_TYPE, HELLO);
  const image = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [layer] };
  const encode = (document: unknown) => Buffer.from(JSON.stringify(document));
  const push = (document: unknown, tags = ['latest'], contentType: string | undefined = MANIFEST_TYPE) =>
    service.putManifest({
      repository: 'team/app',
      tags,
      bytes: Buffer.isBuffer(document) ? document : encode(document),
      ...(contentType !== undefined && { contentType }),
    });

  beforeEach(async () => {
    await put(Buffer.from('{}'));
    await put(HELLO);
  });

  test('is found by tag and digest, with its very bytes', async () => {
    const bytes = Buffer.from(JSON.stringify(image, null, 3));
    const { descriptor } = await push(bytes, ['v1', 'latest']);
    expect(descriptor).toEqual({ mediaType: MANIFEST_TYPE, digest: digestOf(bytes), size: bytes.length });
    await restart();
    for (const reference of ['v1', 'latest', descriptor.digest])
      expect(await service.findManifest('team/app', reference)).toEqual(descriptor);
    for (let again = 0; again < 2; again++)
      expect(Buffer.from(await service.readManifest(descriptor))).toEqual(bytes);
    expect(await service.listTags('team/app')).toEqual(['latest', 'v1']);
    expect(await service.listRepositories()).toEqual(['team/app']);
    expect(await service.findManifest('other', 'v1')).toBeUndefined();
    expect(await service.listTags('other')).toBeUndefined();
  });

  test('keeps what it names, and moves its tag', async () => {
    const { descriptor } = await push(image);
    const held = metadata.reachable();
    for (const digest of [descriptor.digest, config.digest, layer.digest])
      expect(held.has(digest)).toBe(true);
    const second = await push({ ...image, annotations: { a: 'b' } });
    expect(await service.findManifest('team/app', 'latest')).toEqual(second.descriptor);
    expect(await service.findManifest('team/app', descriptor.digest)).toEqual(descriptor);
  });

  test('may refer to a subject that is not here', async () => {
    const subject = { mediaType: MANIFEST_TYPE, digest: ABSENT, size: 10 };
    expect((await push({ ...image, subject })).subject).toBe(ABSENT);
  });

  test('may name a foreign layer that is not here', async () => {
    const foreign = { mediaType: FOREIGN_TYPE, digest: ABSENT, size: 10, urls: ['https://example.com/x'] };
    await push({ ...image, layers: [foreign, layer] });
  });

  test('may have no layers', async () => {
    await push({ ...image, layers: [] });
  });

  test('may leave its media type to the request, parameters aside', async () => {
    const { mediaType: _, ...bare } = image;
    const { descriptor } = await push(bare, [], `${MANIFEST_TYPE}; charset=utf-8`);
    expect(descriptor.mediaType).toBe(MANIFEST_TYPE);
  });

  test('may be an index of others, once they are here', async () => {
    const child = { mediaType: MANIFEST_TYPE, digest: digestOf(encode(image)), size: encode(image).length };
    const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [child] };
    await expect(push(index, ['all'], INDEX_TYPE)).rejects.toEqual(
      expect.objectContaining({ code: 'BLOB_UNKNOWN', details: { missing: [child.digest] } }),
    );
    await push(image, []);
    await push(index, ['all'], INDEX_TYPE);
    expect(metadata.reachable().has(layer.digest)).toBe(true);
  });

  test('is refused when its digest is another', async () => {
    const request = { repository: 'a', tags: [], bytes: encode(image), digest: ABSENT };
    await expect(service.putManifest(request)).rejects.toEqual(failure('DIGEST_MISMATCH'));
  });

  test.each([
    { name: 'no JSON', document: Buffer.from('{'), code: 'INVALID_DOCUMENT' },
    { name: 'no UTF-8', document: Buffer.from([0x22, 0xff, 0x22]), code: 'INVALID_DOCUMENT' },
    { name: 'no object', document: [], code: 'INVALID_DOCUMENT' },
    { name: 'the old schema', document: { schemaVersion: 1 }, code: 'INVALID_DOCUMENT' },
    { name: 'another media type', document: { ...image, mediaType: INDEX_TYPE }, code: 'INVALID_DOCUMENT' },
    { name: 'no config', document: { ...image, config: undefined }, code: 'INVALID_DOCUMENT' },
    { name: 'no list of layers', document: { ...image, layers: {} }, code: 'INVALID_DOCUMENT' },
    { name: 'manifests of an index', document: { ...image, manifests: [] }, code: 'INVALID_DOCUMENT' },
    {
      name: 'a digest that is none',
      document: { ...image, layers: [{ ...layer, digest: '../../x' }] },
      code: 'INVALID_DOCUMENT',
    },
    {
      name: 'a size below 0',
      document: { ...image, layers: [{ ...layer, size: -1 }] },
      code: 'INVALID_DOCUMENT',
    },
    {
      name: 'another size than the blob',
      document: { ...image, layers: [{ ...layer, size: 12 }] },
      code: 'SIZE_MISMATCH',
    },
    {
      name: 'a blob that is not here',
      document: { ...image, layers: [{ ...layer, digest: ABSENT }] },
      code: 'BLOB_UNKNOWN',
    },
    { name: 'more than 4 MiB', document: Buffer.alloc(4 * MIB + 1, 0x20), code: 'TOO_LARGE' },
  ] as const)('is refused with $name', async ({ document, code }) => {
    await expect(push(document)).rejects.toEqual(failure(code));
    expect(await service.listTags('team/app')).toBeUndefined();
  });
});

test('a full disk ends a chunk and keeps what was written before it', async () => {
  const id = await service.startUpload();
  await service.appendUpload(id, { body: chunksOf(HELLO) });
  const full = new WherryError('NO_SPACE', 'no space left on device');
  const module = await loadCoreModule();
  const fastHasher = () => new NodeHasher();
  const store = new FsBlobStore(root, { createHasher: fastHasher });
  const uploads = new UploadSessions({
    root,
    fastHasher,
    clock,
    hashPiece: hashHere,
    resumableHasher: (state) => (state ? WasmHasher.restore(module, state) : WasmHasher.create(module)),
    blobs: {
      begin: async (key, options) => {
        const writer = await store.begin(key, options);
        return {
          offset: writer.offset,
          exists: writer.exists,
          path: dataFile(id),
          write: async () => Promise.reject(full),
          commit: (hashed) => writer.commit(hashed),
          abort: () => writer.abort(),
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        };
      },
    },
  });
  await expect(uploads.append(id, { body: chunksOf(HELLO) })).rejects.toBe(full);
  await service.appendUpload(id, { body: chunksOf(HELLO), startAt: HELLO.length });
  const both = Buffer.concat([HELLO, HELLO]);
  await service.commitUpload(id, digestOf(both));
  expect(await contentOf(digestOf(both))).toEqual(both);
});
