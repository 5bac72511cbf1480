import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { makeManifest } from '../image/build-image.ts';
import { squashConfig } from '../image/squash-config.ts';
import type { ImageFacts, LayerRecord } from '../metadata/metadata-store.ts';
import type { Reference } from '../reference.ts';
import { mergedTar } from './layers/merged-layers.ts';
import { recordImage } from './layers/record-image.ts';
import type { SealDeps } from './layers/seal.ts';
import { storeLayer } from './layers/store-layer.ts';
import { resolveImage } from './resolve.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from './store/documents.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import { imageForm } from './store/image-form.ts';
import { requireLayerVariant, storedDescriptor } from './store/layer-variant.ts';
import type { Store } from './store/store.ts';
import { tag, tagTarget } from './tag.ts';

export interface SquashDeps extends SealDeps {
  readonly now: () => Date;
}

export interface SquashRequest {
  /** What the user typed: a name, an ID or a prefix of one. */
  readonly image: string;
  /** A name for the result; absent: it has none. */
  readonly ref?: Reference;
  /**
   * What stays as it is: an image that this one was made from, or the topmost layer to keep, by its diffID or
   * digest, or at least 12 digits of it. Absent: nothing.
   */
  readonly from?: string;
  /** What the history says of the new layer. */
  readonly message?: string;
}

const LAYER = /^(?:sha256:)?([0-9a-f]{12,64})$/;

/**
 * Makes an image whose layers above `from` are one: what they add and delete among themselves leaves no trace.
 * The source stays. The same image gives the same result; one with nothing to merge is its own. Throws
 * `IMAGE_UNKNOWN`, `INVALID_ARGUMENT` for a `from` that is no base, `INVALID_TAR` for layers that do not fit
 * together, `UNSUPPORTED` for Windows.
 */
export async function squash(
  deps: SquashDeps,
  request: SquashRequest,
  options: VerbOptions = {},
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  const ref = request.ref && tagTarget(request.ref);
  const resolved = resolveImage(store.metadata, request.image);
  const source = await imageForm(store, resolved);
  // Its layers hold more than files: registry hives, and attributes that no table of contents has.
  if (source.platform.os === 'windows')
    throw new WherryError('UNSUPPORTED', 'layers of Windows images cannot be merged');
  const base = chooseBase(store, source, request);
  if (source.layers.length - base.kept <= 1) {
    if (ref) await tag(deps, { source: request.image, target: ref });
    return { id: source.id };
  }
  const comment = request.message || base.comment;
  const stored = new Set<Digest>();
  try {
    return await squashHeld(deps, { ...base, source, comment, ...(ref && { ref }) }, stored, options);
  } finally {
    // A form of the layer that was not kept, or, after a failure, all of it.
    await sweepDuplicates(store, stored);
  }
}

interface Base {
  readonly kept: number;
  /** Docker's words for the history. */
  readonly comment: string;
}

function chooseBase(store: Store, source: ImageFacts, { from, image }: SquashRequest): Base {
  if (from === undefined) return { kept: 0, comment: `create new from ${source.id}` };
  const [, hex] = LAYER.exec(from) ?? [];
  const isMeant = (digest: Digest) => hex !== undefined && digest.startsWith(`sha256:${hex}`);
  const layer = source.layers.findIndex(({ digest, diffID }) => isMeant(digest) || isMeant(diffID));
  if (layer >= 0)
    return { kept: layer + 1, comment: `merge ${source.id} to ${source.layers[layer]?.diffID}` };
  const base = resolveImage(store.metadata, from).facts;
  const other = base.layers.findIndex(({ diffID }, i) => diffID !== source.layers[i]?.diffID);
  if (other < 0) return { kept: base.layers.length, comment: `merge ${source.id} to ${base.id}` };
  throw new WherryError(
    'INVALID_ARGUMENT',
    `${image} was not made from ${from}: its layer ${other + 1} is ${source.layers[other]?.diffID ?? 'none'}, want ${base.layers[other]?.diffID}`,
  );
}

async function squashHeld(
  deps: SquashDeps,
  request: Base & { readonly source: ImageFacts; readonly ref?: Reference },
  stored: Set<Digest>,
  options: VerbOptions,
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  const { source, kept, comment, ref } = request;
  await using lease = await store.metadata.acquireLease(`squash ${source.id}`);
  lease.add(...store.contentOf(source));
  const hold = (digest: Digest) => {
    stored.add(digest);
    lease.add(digest);
  };
  const records: LayerRecord[] = [];
  for (const layer of source.layers) records.push(await requireLayerVariant(store, layer));
  const signal = options.signal ?? new AbortController().signal;
  const emit = options.onProgress ?? (() => undefined);
  const tar = await mergedTar(store, records, { kept, emit, signal });
  const merged = await storeLayer(deps, tar, { hold: (it) => hold(it.digest), signal }).stored;
  const config = squashConfig(await readOwnDocument(store.blobs, source.id, MAX_CONFIG_BYTES), {
    kept,
    diffID: merged.diffID,
    comment,
  });
  const layers = [...records.slice(0, kept), merged];
  const manifest = makeManifest(
    config.descriptor,
    layers.map((record) => storedDescriptor(store, record)),
  );
  const image = { config, manifest, layers, ...(ref && { ref }), taggedAt: deps.now() };
  const id = await recordImage(store, image, hold, signal);
  store.metadata.noteUse(source.id, id);
  return { id };
}
