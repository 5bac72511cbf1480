import type { ByteSource } from '../../bytes/byte-source.ts';
import { compressGzip } from '../../compression/compress-gzip.ts';
import { compressZstd } from '../../compression/compress-zstd.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ProgressEvent } from '../../events.ts';
import type { LayerRecord } from '../../metadata/metadata-store.ts';
import { layerTar } from './layer-entries.ts';
import type { LayerFetchDeps } from './layer-fetch.ts';
import { storeLayer } from './store-layer.ts';

type RepackDeps = Pick<LayerFetchDeps, 'store' | 'passes'>;

/** What a layer can be packed with here. */
export type LayerPacking = 'gzip' | 'zstd' | 'none';

export interface RepackOptions {
  readonly packing: LayerPacking;
  /** The packer's own when absent. */
  readonly level?: number;
  /** Keeps the new blob from the sweep. */
  readonly hold: (digest: Digest) => void;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Packs a layer's tar anew and stores it; what is written is read back and compared on the way. Throws
 * `DIFF_ID_MISMATCH`, and what reading the layer throws.
 */
export async function repackLayer(
  deps: RepackDeps,
  layer: LayerRecord,
  options: RepackOptions,
): Promise<LayerRecord> {
  const { hold, signal } = options;
  const packed = pack(counted(deps, layer, options), options);
  const facts = await storeLayer(deps, packed, { hold: ({ digest }) => hold(digest), signal }).stored;
  if (facts.diffID === layer.diffID) return facts;
  throw new WherryError(
    'DIFF_ID_MISMATCH',
    `layer ${layer.digest}: packed anew it holds ${facts.diffID}, want ${layer.diffID}`,
  );
}

function pack(tar: ByteSource, { packing, level }: RepackOptions): ByteSource {
  const options = level === undefined ? {} : { level };
  if (packing === 'gzip') return compressGzip(tar, options);
  return packing === 'zstd' ? compressZstd(tar, options) : tar;
}

async function* counted({ store }: RepackDeps, layer: LayerRecord, { emit }: RepackOptions): ByteSource {
  let current = 0;
  for await (const chunk of layerTar(store, layer.digest)) {
    current += chunk.length;
    emit({ kind: 'layer', digest: layer.diffID, phase: 'compressing', current, total: layer.tarSize });
    yield chunk;
  }
}
