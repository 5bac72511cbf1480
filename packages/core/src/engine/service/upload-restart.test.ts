import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { systemClock } from '../../clock.ts';
import { FsBlobStore } from '../../content/fs-blob-store.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import { type FilePiece, hashPiece } from '../../layer/hash-piece.ts';
import { startNode } from '../../testing/node-child.ts';
import { loadCoreModule } from '../../wasm/load.ts';
import { WasmHasher } from '../../wasm/wasm-hasher.ts';
import { openRegistryService } from './open-registry-service.ts';
import { UploadSessions } from './upload-sessions.ts';

const MIB = 1 << 20;
const SENT = 20 * MIB;
const BYTES = Buffer.alloc(SENT + 5, 'a tide of bytes ');
const DIGEST = `sha256:${createHash('sha256').update(BYTES).digest('hex')}` as Digest;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-upload-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function* chunksOf(bytes: Uint8Array): ByteSource {
  for (let at = 0; at < bytes.length; at += MIB) yield new Uint8Array(bytes.subarray(at, at + MIB));
}

async function openSessions(
  hash: (piece: FilePiece) => ReturnType<typeof hashPiece>,
): Promise<UploadSessions> {
  const module = await loadCoreModule();
  const fastHasher = () => new NodeHasher();
  return new UploadSessions({
    root,
    fastHasher,
    blobs: new FsBlobStore(root, { createHasher: fastHasher }),
    clock: systemClock,
    hashPiece: async (piece) => hash(piece),
    resumableHasher: (state) => (state ? WasmHasher.restore(module, state) : WasmHasher.create(module)),
  });
}

const savedOffset = async (id: string) =>
  Number((await readFile(join(root, 'ingests', id, 'state'))).readBigUInt64LE(8));

test('a session goes on in another process when the service is killed while a chunk comes', async () => {
  // Without threads: they would inherit the options with which the child reads its script.
  const child = startNode(
    `const root = ${JSON.stringify(root)};
     const module = await load.loadCoreModule();
     const { WasmHasher } = wasm;
     const createHasher = () => WasmHasher.create(module);
     const uploads = new sessions.UploadSessions({
       root,
       clock: { now: () => new Date() },
       blobs: new store.FsBlobStore(root, { createHasher }),
       fastHasher: createHasher,
       resumableHasher: (state) => (state ? WasmHasher.restore(module, state) : createHasher()),
       hashPiece: async (one) => piece.hashPiece(one),
     });
     const id = await uploads.start();
     const bytes = Buffer.alloc(${SENT}, 'a tide of bytes ');
     async function* body() {
       for (let at = 0; at < bytes.length; at += ${MIB}) yield bytes.subarray(at, at + ${MIB});
       console.log(id);
       await new Promise((resolve) => process.stdin.once('data', resolve));
     }
     await uploads.append(id, { body: body() });`,
    {
      sessions: new URL('./upload-sessions.ts', import.meta.url),
      store: new URL('../../content/fs-blob-store.ts', import.meta.url),
      piece: new URL('../../layer/hash-piece.ts', import.meta.url),
      load: new URL('../../wasm/load.ts', import.meta.url),
      wasm: new URL('../../wasm/wasm-hasher.ts', import.meta.url),
    },
  );
  const id = await child.line();
  await expect.poll(() => savedOffset(id), { timeout: 20_000 }).toBeGreaterThanOrEqual(8 * MIB);
  await child.kill();
  expect((await stat(join(root, 'ingests', id, 'data'))).size).toBe(SENT);
  const saved = await savedOffset(id);
  const pieces: FilePiece[] = [];
  const uploads = await openSessions((piece) => {
    pieces.push(piece);
    return hashPiece(piece);
  });
  expect(await uploads.offset(id)).toBe(SENT);
  await uploads.append(id, { body: chunksOf(BYTES.subarray(SENT)), startAt: SENT });
  expect(await uploads.commit(id, DIGEST)).toEqual({ digest: DIGEST, size: BYTES.length });
  // Each piece begins where the one before it ended, the first behind what the killed process saved.
  expect(pieces[0]?.from.offset).toBe(saved);
  for (const [i, piece] of pieces.slice(1).entries()) expect(piece.from.offset).toBe(pieces[i]?.to);
  expect(await readdir(join(root, 'ingests'))).toEqual([]);
}, 60_000);

test('a chunk fails when the thread that hashes it dies, and the session goes on', async () => {
  let isDead = true;
  const uploads = await openSessions((piece) => {
    if (isDead && piece.from.offset > 9 * MIB) throw new WherryError('INTERNAL', 'worker thread ended');
    return hashPiece(piece);
  });
  const id = await uploads.start();
  await expect(uploads.append(id, { body: chunksOf(BYTES) })).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(await savedOffset(id)).toBeGreaterThanOrEqual(8 * MIB);
  isDead = false;
  const offset = await uploads.offset(id);
  await uploads.append(id, { body: chunksOf(BYTES.subarray(offset)), startAt: offset });
  expect(await uploads.commit(id, DIGEST)).toEqual({ digest: DIGEST, size: BYTES.length });
});

test('two uploads of one blob at the same time both end well, hashed by real threads', async () => {
  const service = await openRegistryService({ root, env: {} });
  try {
    const upload = async () => {
      const id = await service.startUpload();
      await service.appendUpload(id, { body: chunksOf(BYTES), isOwned: true });
      return service.commitUpload(id, DIGEST);
    };
    const info = { digest: DIGEST, size: BYTES.length };
    expect(await Promise.all([upload(), upload()])).toEqual([info, info]);
  } finally {
    await service.close();
  }
});
