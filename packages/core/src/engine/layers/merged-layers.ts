import type { ByteSource } from '../../bytes/byte-source.ts';
import { throwIfCancelled } from '../../errors.ts';
import type { ProgressEvent } from '../../events.ts';
import type { LayerRecord } from '../../metadata/metadata-store.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import { type LayerPlan, planLayer } from '../../tree/layer-plan.ts';
import { writePlannedLayer } from '../../tree/write-layer.ts';
import type { Store } from '../store/store.ts';
import { layerEntries, layerTar } from './layer-entries.ts';

type StackedLayer = Pick<LayerRecord, 'digest'>;

export interface MergeOptions {
  /** How many layers stay as they are, base first. */
  readonly kept: number;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * The tar of the one layer that stands for those of a stack above the kept ones, written while they are read. The same
 * layers give the same bytes. Throws `INVALID_TAR` for layers that do not fit together.
 */
export async function mergedTar(
  store: Store,
  layers: readonly LayerRecord[],
  { kept, emit, signal }: MergeOptions,
): Promise<ByteSource> {
  const plan = await planMerge(store, layers, kept, signal);
  return writePlannedLayer(plan, (layer) => counted(store, layerAt(layers, layer), emit));
}

/** What such a layer consists of. */
export async function planMerge(
  store: Store,
  layers: readonly StackedLayer[],
  kept: number,
  signal: AbortSignal,
): Promise<LayerPlan> {
  const lower = new ImageTree();
  const upper = new ImageTree();
  for (const [i, { digest }] of layers.entries()) {
    throwIfCancelled(signal);
    const entries = await layerEntries(store, digest, signal);
    upper.apply(entries);
    if (i < kept) lower.apply(entries);
  }
  return planLayer(lower, upper, kept);
}

/** The files of a stack of layers. */
export async function mergedTree(
  store: Store,
  layers: readonly StackedLayer[],
  signal: AbortSignal,
): Promise<ImageTree> {
  const tree = new ImageTree();
  for (const { digest } of layers) tree.apply(await layerEntries(store, digest, signal));
  return tree;
}

/** The tars of the layers of a plan. */
export function openLayers(store: Store, layers: readonly StackedLayer[]): (layer: number) => ByteSource {
  return (layer) => layerTar(store, layerAt(layers, layer).digest);
}

/** The layer of a plan, or of a tree's source. */
export function layerAt<Layer>(layers: readonly Layer[], at: number): Layer {
  const layer = layers[at];
  if (layer === undefined) throw new Error('a tree names the layers that it was made of');
  return layer;
}

async function* counted(
  store: Store,
  { digest, diffID, tarSize: total }: LayerRecord,
  emit: (event: ProgressEvent) => void,
): ByteSource {
  const event = { kind: 'layer', digest: diffID, phase: 'merging', total } as const;
  let current = 0;
  try {
    for await (const chunk of layerTar(store, digest)) {
      current += chunk.length;
      emit({ ...event, current });
      yield chunk;
    }
  } finally {
    // Behind the last file that is needed nothing is read.
    emit({ ...event, current: total });
  }
}
