import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createNodeHasher } from '../bytes/node-hasher.ts';
import type { Decoder } from '../compression/compression.ts';
import { createDecoder } from '../compression/sync-zlib.ts';
import { isWherryError, type WherryError } from '../errors.ts';
import { chunksOf } from '../testing/chunks.ts';
import { noise, prose, sha256 } from '../testing/layer-fixtures.ts';
import { tarOf } from '../testing/tar-fixtures.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmTarScanner } from '../wasm/wasm-tar-scanner.ts';
import type { LayerFacts } from './layer-facts.ts';
import { LayerPass, type LayerPassOptions } from './layer-pass.ts';
import { readToc } from './toc-reader.ts';

const TAR = Buffer.from(
  tarOf(
    { name: 'etc', type: 'directory' },
    { name: 'etc/tide', type: 'file', content: prose(100_000) },
    { name: 'etc/now', type: 'symlink', link: 'tide' },
    { name: 'etc/oar', type: 'file', content: 'two' },
  ),
);
const BASE: LayerPassOptions = {
  createHasher: createNodeHasher,
  createScanner: () => new WasmTarScanner(loadCoreModuleSync()),
  createDecoder: (compression) => createDecoder(compression),
};

function run(bytes: Uint8Array, chunkSize: number, options: Partial<LayerPassOptions> = {}): LayerFacts {
  const pass = new LayerPass({ ...BASE, ...options });
  try {
    for (const chunk of chunksOf(bytes, chunkSize)) pass.write(chunk);
    return pass.finish();
  } finally {
    pass.close();
  }
}

function failure(action: () => unknown): WherryError {
  try {
    action();
  } catch (error) {
    if (isWherryError(error)) return error;
    throw error;
  }
  throw new Error('did not fail');
}

describe('LayerPass', () => {
  test.each([
    { name: 'none' as const, bytes: TAR },
    { name: 'gzip' as const, bytes: gzipSync(TAR) },
    { name: 'zstd' as const, bytes: zstdCompressSync(TAR) },
  ])('finds the facts of a layer packed with $name', ({ name, bytes }) => {
    for (const size of [bytes.length, 1, 321])
      expect(run(bytes, size)).toEqual({
        digest: sha256(bytes),
        size: bytes.length,
        diffID: sha256(TAR),
        tarSize: TAR.length,
        // Two files, and a symlink as long as its target.
        contentSize: 100_003 + 'tide'.length,
        entries: 4,
        compression: name,
      });
  });

  test('writes the table of contents', () => {
    const chunks: Uint8Array[] = [];
    const facts = run(gzipSync(TAR), 1000, { toc: (chunk) => chunks.push(chunk) });
    const reading = readToc(Buffer.concat(chunks));
    const names: string[] = [];
    let next = reading.next();
    for (; !next.done; next = reading.next()) {
      const { name, size, dataOffset } = next.value;
      names.push(Buffer.from(name).toString());
      if (size === 3) expect(TAR.subarray(dataOffset, dataOffset + 3).toString()).toBe('two');
    }
    expect(names).toEqual(['etc', 'etc/tide', 'etc/now', 'etc/oar']);
    expect(next.value).toEqual(facts);
  });

  test('hashes what follows the end of the archive, and does not read it', () => {
    const tar = Buffer.concat([TAR, noise(3000)]);
    expect(run(gzipSync(tar), 700)).toMatchObject({ diffID: sha256(tar), tarSize: tar.length, entries: 4 });
  });

  test('takes a stream shorter than a magic for a tar', () => {
    expect(failure(() => run(Buffer.of(0x1f, 0x8b), 1)).code).toBe('TRUNCATED');
    expect(run(Buffer.alloc(0), 1)).toMatchObject({ size: 0, entries: 0, compression: 'none' });
  });

  test.each([
    { name: 'a gzip that stops early', bytes: gzipSync(TAR).subarray(0, -9), code: 'TRUNCATED' },
    { name: 'a tar that stops early', bytes: gzipSync(TAR.subarray(0, 5000)), code: 'TRUNCATED' },
    { name: 'a tar that is none', bytes: gzipSync(noise(2000)), code: 'INVALID_TAR' },
    { name: 'a broken gzip', bytes: Buffer.from(gzipSync(TAR)).fill(255, 500, 600), code: 'CORRUPT' },
    { name: 'a compression without a decoder here', bytes: Buffer.from('BZh91AY&SY'), code: 'UNSUPPORTED' },
  ])('refuses $name', ({ bytes, code }) => {
    expect(failure(() => run(bytes, 100)).code).toBe(code);
  });

  test('stops at the bound for bytes and the bound for entries', () => {
    expect(failure(() => run(gzipSync(TAR), 100, { maxTarBytes: TAR.length - 1 }))).toMatchObject({
      code: 'TOO_LARGE',
      message: `layer unpacks to more than ${TAR.length - 1} bytes`,
    });
    expect(run(gzipSync(TAR), 100, { maxTarBytes: TAR.length, maxEntries: 4 }).entries).toBe(4);
    expect(failure(() => run(gzipSync(TAR), 100, { maxEntries: 3 }))).toMatchObject({
      code: 'TOO_LARGE',
      message: 'layer has more than 3 entries',
    });
  });

  test('stops what inflates without end', () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    let emitted = 0;
    const endless: Decoder = {
      write: (_input, emit) => {
        for (;;) {
          emitted += zeros.length;
          emit(zeros);
        }
      },
      finish: () => undefined,
      close: () => undefined,
    };
    const idle = { push: () => [], finish: () => undefined };
    const options = {
      createDecoder: () => endless,
      createScanner: () => idle,
      createHasher: () => ({ update: () => undefined, digest: createNodeHasher().digest }),
    };
    expect(failure(() => run(gzipSync(TAR).subarray(0, 2000), 2000, options)).message).toMatch(
      /^layer of \d+ bytes inflates without end$/,
    );
    expect(emitted).toBeLessThan(1.2 * 1024 ** 3);
  });

  test('closes its decoder after an error', () => {
    let closed = 0;
    const decoder: Decoder = {
      write: () => {
        throw new Error('broken');
      },
      finish: () => undefined,
      close: () => void closed++,
    };
    expect(() => run(gzipSync(TAR), 100, { createDecoder: () => decoder })).toThrow('broken');
    expect(closed).toBe(1);
  });
});

const cases = new URL('../../../../../shared/cases/tar-hostile/', import.meta.url);
describe.skipIf(!existsSync(cases))('recorded archives', () => {
  const expected = existsSync(cases)
    ? (JSON.parse(readFileSync(new URL('expected.json', cases), 'utf8')) as Record<
        string,
        { import: { ok: boolean; diffID?: string[] } }
      >)
    : {};
  const rows = Object.entries(expected).filter(([name]) =>
    /^(cmp-gzip|end-|typ-|name-|pax-basic|wh-plain)/.test(name),
  );

  test.each(rows)('%s has the diffID that docker import finds', (name, { import: result }) => {
    const bytes = readFileSync(new URL(name, cases));
    for (const size of [bytes.length, 1, 321]) {
      if (size === 1 && bytes.length > 10_000) continue;
      if (result.ok && result.diffID) expect(run(bytes, size).diffID).toBe(result.diffID[0]);
    }
  });

  test.each([
    { name: 'cmp-gzip-twice.tar.gz', code: 'TRUNCATED' },
    { name: 'end-truncated-header.tar', code: 'TRUNCATED' },
    { name: 'end-zero-middle.tar', code: 'INVALID_TAR' },
  ])('$name is refused', ({ name, code }) => {
    expect(failure(() => run(readFileSync(new URL(name, cases)), 321)).code).toBe(code);
  });
});
