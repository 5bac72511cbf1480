import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { noise, sha256 } from '../testing/layer-fixtures.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmHasher } from '../wasm/wasm-hasher.ts';
import type { HashedPart } from './hash-piece.ts';
import { PieceHashPool } from './piece-hash-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'piece-hash-'));
const pool = new PieceHashPool({ maxWorkers: 2 });
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

const module = loadCoreModuleSync();
const START: HashedPart = { offset: 0, hash: WasmHasher.create(module).save() };
const digestAt = ({ hash }: HashedPart) => WasmHasher.restore(module, hash).digest();

let count = 0;
function write(bytes: Uint8Array): string {
  const path = join(folder, `file-${count++}`);
  writeFileSync(path, bytes);
  return path;
}

test('hashes many files at once, each piece by piece', async () => {
  const files = [0, 1, 700_001, 1 << 20, 333_333].map((size) => noise(size));
  const hashes = files.map(async (bytes) => {
    const path = write(bytes);
    const middle = await pool.hash({ path, from: START, to: Math.trunc(bytes.length / 3) });
    return pool.hash({ path, from: middle, to: bytes.length });
  });
  expect((await Promise.all(hashes)).map(digestAt)).toEqual(files.map((bytes) => sha256(bytes)));
});

test.each([
  { name: 'a file that is shorter', from: START, to: 11, code: 'TRUNCATED' },
  {
    name: 'a state that is none',
    from: { offset: 0, hash: Buffer.alloc(60) },
    to: 5,
    code: 'INVALID_ARGUMENT',
  },
])('refuses $name', async ({ from, to, code }) => {
  const path = write(Buffer.alloc(10));
  await expect(pool.hash({ path, from, to })).rejects.toMatchObject({ code });
});

test('fails the piece whose thread dies, and has another thread take the next one', async () => {
  const script = join(folder, 'mortal.mjs');
  const worker = new URL('./pass-worker.ts', import.meta.url);
  writeFileSync(
    script,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', ({ piece }) => { if (piece.to === 1) process.exit(3); });
     await import(${JSON.stringify(worker.href)});`,
  );
  await using mortal = new PieceHashPool({ maxWorkers: 1, workerUrl: pathToFileURL(script) });
  const path = write(Buffer.from('ab'));
  const [first, second] = await Promise.allSettled(
    [1, 2].map((to) => mortal.hash({ path, from: START, to })),
  );
  expect(first).toMatchObject({ reason: { code: 'INTERNAL' } });
  expect(second).toMatchObject({ value: { offset: 2 } });
});

test('rejects what is waiting when it is closed', async () => {
  const closing = new PieceHashPool({ maxWorkers: 1 });
  const path = write(Buffer.from('ab'));
  const hashes = Promise.allSettled([1, 2].map((to) => closing.hash({ path, from: START, to })));
  await closing.close();
  for (const outcome of await hashes) expect(outcome).toMatchObject({ reason: { code: 'CANCELLED' } });
  await expect(closing.hash({ path, from: START, to: 1 })).rejects.toThrow('used after close()');
});
