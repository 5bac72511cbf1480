import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ProgressEvent } from '../../events.ts';
import type { LayerRecord, Lease } from '../../metadata/metadata-store.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import type { Manifest } from '../../oci/manifest.ts';
import { isLayerType } from '../../oci/media-types.ts';
import type { Reference } from '../../reference.ts';
import { forEachLimited } from '../limiter.ts';
import { fetchLayer, findStoredLayer, type LayerFetchDeps, type WantedLayer } from './layer-fetch.ts';

export interface LayersFetchDeps extends LayerFetchDeps {
  /** Layers on their way at once. */
  readonly jobs: number;
}

export interface LayersFetch {
  readonly deps: LayersFetchDeps;
  readonly repository: Reference;
  readonly lease: Lease;
  readonly emit: (event: ProgressEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Brings an image's layers that the store does not have, in any compression, and says how it goes in Docker's
 * order. Returns the records in the order of the manifest, which has as many layers as the config says.
 */
export async function fetchLayers(
  state: LayersFetch,
  manifest: Manifest,
  config: ImageConfig,
): Promise<LayerRecord[]> {
  const wanted = new Map<Digest, WantedLayer>();
  const order: WantedLayer[] = [];
  for (const [i, descriptor] of manifest.layers.entries()) {
    const diffID = config.rootfs.diff_ids[i];
    if (!diffID) continue;
    if (!isLayerType(descriptor.mediaType))
      throw new WherryError(
        'UNSUPPORTED',
        `layer ${descriptor.digest}: unsupported media type ${descriptor.mediaType}`,
      );
    const layer = { repository: state.repository, descriptor, diffID };
    order.push(layer);
    wanted.set(descriptor.digest, layer);
  }
  const records = new Map<Digest, LayerRecord>();
  const announced = announcer(order, records, state.emit);
  for (const layer of wanted.values()) {
    // Also of what is not fetched: a push may have to, when the store has it in another compression only.
    state.deps.store.metadata.addBlobLocation(layer.descriptor.digest, state.repository);
    const stored = await findStoredLayer(state.deps.store, layer);
    if (stored) state.lease.add(stored.digest);
    // Asked again under the lease: a sweep may have come between.
    if (stored && (await state.deps.store.blobs.stat(stored.digest)))
      records.set(layer.descriptor.digest, stored);
  }
  const missing = [...wanted.values()].filter((layer) => !records.has(layer.descriptor.digest));
  announced.begin();
  // The largest first: what is left at the end, when workers fall idle, is small.
  missing.sort((a, b) => b.descriptor.size - a.descriptor.size);
  const hasCompanions = missing.length > 1;
  await forEachLimited(missing, state.deps.jobs, state.signal, async (layer, signal) => {
    const { digest } = layer.descriptor;
    const emit = (event: object) => state.emit({ kind: 'layer', digest, ...event } as ProgressEvent);
    const record = await fetchLayer(state.deps, { ...layer, hasCompanions }, emit, signal);
    records.set(digest, record);
    announced.done();
  });
  return order.map((layer) => {
    const record = records.get(layer.descriptor.digest);
    if (!record) throw new Error(`layer ${layer.descriptor.digest} was not fetched`);
    return record;
  });
}

/** Says "done" in the order of the layers, as Docker does, whatever the order in which they arrive. */
function announcer(
  order: readonly WantedLayer[],
  records: ReadonlyMap<Digest, LayerRecord>,
  emit: (event: ProgressEvent) => void,
) {
  const digests = [...new Set(order.map((layer) => layer.descriptor.digest))];
  const fetched: Digest[] = [];
  let next = 0;
  return {
    begin() {
      for (const digest of digests) {
        const exists = records.has(digest);
        if (!exists) fetched.push(digest);
        emit({ kind: 'layer', digest, phase: exists ? 'exists' : 'waiting' });
      }
    },
    done() {
      for (let digest = fetched[next]; digest && records.has(digest); digest = fetched[++next])
        emit({ kind: 'layer', digest, phase: 'done' });
    },
  };
}
