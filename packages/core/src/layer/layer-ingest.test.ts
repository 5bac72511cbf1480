import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ByteSource } from '../bytes/byte-source.ts';
import { decompress } from '../compression/decompress.ts';
import { decompressWeb } from '../compression/web-decompress.ts';
import { chunksOf } from '../testing/chunks.ts';
import { noise, sha256, sourceOf } from '../testing/layer-fixtures.ts';
import { LAYER_ENTRIES, tarOf } from '../testing/tar-fixtures.ts';
import { loadCoreModule } from '../wasm/load.ts';
import { WasmHasher } from '../wasm/wasm-hasher.ts';
import { WasmTarScanner } from '../wasm/wasm-tar-scanner.ts';
import { type IngestOptions, ingestLayer } from './layer-ingest.ts';
import { readTocFacts } from './toc-reader.ts';

const TAR = Buffer.from(tarOf(...LAYER_ENTRIES));
const module = await loadCoreModule();
const BASE: IngestOptions = {
  createHasher: () => WasmHasher.create(module),
  createScanner: () => new WasmTarScanner(module),
  decompress,
};

describe('ingestLayer', () => {
  test.each([
    { name: 'none', bytes: TAR },
    { name: 'gzip', bytes: gzipSync(TAR) },
    { name: 'zstd', bytes: zstdCompressSync(TAR) },
  ])('finds the facts of a layer packed with $name', async ({ name, bytes }) => {
    for (const size of [bytes.length, 1, 321]) {
      const toc: Uint8Array[] = [];
      const facts = await ingestLayer(sourceOf(chunksOf(bytes, size)), {
        ...BASE,
        toc: (chunk) => toc.push(chunk),
      });
      expect(facts).toMatchObject({
        digest: sha256(bytes),
        size: bytes.length,
        diffID: sha256(TAR),
        tarSize: TAR.length,
        entries: LAYER_ENTRIES.length,
        compression: name,
      });
      expect(readTocFacts(Buffer.concat(toc))).toEqual(facts);
    }
  });

  test('needs nothing of Node for gzip', async () => {
    const bytes = gzipSync(TAR);
    const facts = await ingestLayer(sourceOf(chunksOf(bytes, 500)), { ...BASE, decompress: decompressWeb });
    expect(facts).toMatchObject({ digest: sha256(bytes), diffID: sha256(TAR) });
  });

  test('hashes the blob to its end, even where the decoder stops before', async () => {
    const bytes = Buffer.concat([gzipSync(TAR), noise(10_000)]);
    async function* firstMemberOnly(source: ByteSource) {
      for await (const _ of source) break;
      yield TAR;
    }
    const facts = await ingestLayer(sourceOf(chunksOf(bytes, 100)), { ...BASE, decompress: firstMemberOnly });
    expect(facts).toMatchObject({ digest: sha256(bytes), size: bytes.length, diffID: sha256(TAR) });
  });

  test('fails as the decoder and the scanner do', async () => {
    const cut = gzipSync(TAR).subarray(0, -4);
    await expect(ingestLayer(sourceOf([cut]), BASE)).rejects.toMatchObject({ code: 'TRUNCATED' });
    await expect(ingestLayer(sourceOf([noise(2000)]), BASE)).rejects.toMatchObject({ code: 'INVALID_TAR' });
    await expect(
      ingestLayer(sourceOf([gzipSync(TAR)]), { ...BASE, maxTarBytes: 1000 }),
    ).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  test('is cancelled by its signal and closes the source', async () => {
    const controller = new AbortController();
    let isClosed = false;
    async function* source() {
      try {
        for (const chunk of chunksOf(TAR, 1000)) {
          yield chunk;
          controller.abort();
        }
      } finally {
        isClosed = true;
      }
    }
    await expect(ingestLayer(source(), { ...BASE, signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(isClosed).toBe(true);
  });
});
