import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { OUTPUT_BUFFER_BYTES, type OutputBuffer } from '../compression/compression.ts';
import { decompress } from '../compression/decompress.ts';
import { detectCompression } from '../compression/detect.ts';
import { createDecoder } from '../compression/sync-zlib.ts';
import type { HasherFactory } from '../digest.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmTarScanner } from '../wasm/wasm-tar-scanner.ts';
import { GrowingFileReader } from './growing-file.ts';
import { readHead, sourceOf } from './growing-file-source.ts';
import { HashRingWriter } from './hash-ring.ts';
import type { LayerFacts } from './layer-facts.ts';
import { ingestLayer } from './layer-ingest.ts';
import { LayerPass, type TarPassOptions } from './layer-pass.ts';
import type { PassRequest } from './pass-protocol.ts';

const input = Buffer.allocUnsafeSlow(OUTPUT_BUFFER_BYTES);
const output = Buffer.allocUnsafeSlow(OUTPUT_BUFFER_BYTES);

/** Reads the layer of one request, blocking this thread; leaves no table of contents behind when it fails. */
export async function passFile(request: PassRequest, createHasher: HasherFactory): Promise<LayerFacts> {
  const { path, shared, tocPath } = request;
  const reader = new GrowingFileReader(path, shared);
  try {
    if (tocPath === undefined) return await passThrough(reader, request, { createHasher });
    return await withTocFile(tocPath, (toc) => passThrough(reader, request, { createHasher, toc }));
  } finally {
    reader.close();
  }
}

async function withTocFile<T>(
  path: string,
  run: (toc: (chunk: Uint8Array) => void) => Promise<T>,
): Promise<T> {
  const fd = openSync(path, 'w');
  let isComplete = false;
  try {
    const result = await run((chunk) => writeFully(fd, chunk));
    isComplete = true;
    return result;
  } finally {
    closeSync(fd);
    if (!isComplete) rmSync(path, { force: true });
  }
}

function writeFully(fd: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
}

async function passThrough(
  reader: GrowingFileReader,
  request: PassRequest,
  own: Pick<TarPassOptions, 'createHasher' | 'toc'>,
): Promise<LayerFacts> {
  const ring = request.hashRing && new HashRingWriter(request.hashRing);
  const options = {
    ...request.limits,
    ...own,
    ...(ring && { createHasher: ringHashers(ring) }),
    createScanner: () => new WasmTarScanner(loadCoreModuleSync()),
  };
  const buffer: OutputBuffer = ring?.nextBuffer ?? (() => output);
  const head = readHead(reader);
  const decoder = createDecoder(detectCompression(head), buffer, { verifiesCrc: !request.isDiffIDKnown });
  if (decoder === undefined && detectCompression(head) !== 'none')
    return ingestLayer(sourceOf(head, reader), { ...options, decompress });
  const pass = new LayerPass({ ...options, createDecoder: () => decoder });
  try {
    pass.write(head);
    for (let count = reader.read(input); count > 0; count = reader.read(input))
      pass.write(count === input.length ? input : input.subarray(0, count));
    return pass.finish();
  } finally {
    pass.close();
  }
}

/** `LayerPass` makes the blob's hasher first and the tar's second. */
function ringHashers(ring: HashRingWriter): HasherFactory {
  let lane = 0;
  return () => ring.hasher(lane++ === 0 ? 0 : 1);
}
