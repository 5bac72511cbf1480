// MB/s of SHA-256: each engine at two chunk sizes, and the machine's own tools on the same bytes.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hasher } from '../src/digest.ts';
import { hasherFactory, measureHashEngines } from '../src/engine/store/hash-engine.ts';

const TOTAL_BYTES = 256 << 20;
const ROUNDS = 5;
const CHUNK_SIZES = [64 << 10, 1 << 20];
const TOOLS = [['sha256sum'], ['openssl', 'dgst', '-sha256']];

const data = randomBytes(TOTAL_BYTES);
const file = join(tmpdir(), `wherry-bench-digest-${process.pid}`);

try {
  writeFileSync(file, data);
  for (const engine of ['node', 'wasm'] as const) {
    const create = await hasherFactory(engine);
    for (const size of CHUNK_SIZES)
      report(`${engine}, chunks of ${size >> 10} KiB`, () => hashAll(create(), size));
  }
  for (const [command = '', ...args] of TOOLS) {
    if (spawnSync(command, ['--version']).error) console.log(`${command}: not on this machine`);
    else report([command, ...args].join(' '), () => spawnSync(command, [...args, file]));
  }
  const start = performance.now();
  const engine = measureHashEngines();
  console.log(`chosen: ${engine}, in ${(performance.now() - start).toFixed(1)} ms`);
} finally {
  rmSync(file, { force: true });
}

function hashAll(hasher: Hasher, chunkBytes: number): void {
  for (let at = 0; at < data.length; at += chunkBytes) hasher.update(data.subarray(at, at + chunkBytes));
  hasher.digest();
}

function report(name: string, run: () => void): void {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  console.log(`${name.padEnd(28)} ${(TOTAL_BYTES / 1e3 / best).toFixed(0).padStart(6)} MB/s`);
}
