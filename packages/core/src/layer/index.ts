// What works in any JavaScript host, browsers included: nothing here reaches a `node:` module.
export type { Compression } from '../compression/compression.ts';
export { detectCompression } from '../compression/detect.ts';
export { decompressWeb } from '../compression/web-decompress.ts';
export type { Digest, Hasher, ResumableHasher } from '../digest.ts';
export { loadWasmEngine, type WasmEngine } from '../wasm/wasm-engine.ts';
export { chainIDs } from './chain-id.ts';
export type { LayerFacts } from './layer-facts.ts';
export { type IngestOptions, ingestLayer } from './layer-ingest.ts';
export { type LayerLimits, LayerPass, type LayerPassOptions } from './layer-pass.ts';
export { layerMediaType } from './media-type.ts';
export type { TocEntry } from './toc-format.ts';
export { readToc, readTocFacts, readTocSource, TOC_TAIL_BYTES } from './toc-reader.ts';
export { TocWriter } from './toc-writer.ts';
export { classifyWhiteout, type Whiteout } from './whiteout.ts';
