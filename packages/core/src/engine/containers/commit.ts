import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { makeManifest } from '../../image/build-image.ts';
import { applyChanges } from '../../image/change.ts';
import { makeCommittedConfig } from '../../image/commit-config.ts';
import { EMPTY_DIFF_ID } from '../../layer/empty-layer.ts';
import type { LayerFacts } from '../../layer/layer-facts.ts';
import type { ImageFacts, LayerRecord } from '../../metadata/metadata-store.ts';
import type { ContainerConfig } from '../../oci/image-config.ts';
import type { Reference } from '../../reference.ts';
import { diffLayer } from '../../rootfs/diff-layer.ts';
import { lookUp } from '../../rootfs/look-up.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { recordImage } from '../layers/record-image.ts';
import type { SealDeps } from '../layers/seal.ts';
import { storeLayer } from '../layers/store-layer.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from '../store/documents.ts';
import { sweepDuplicates } from '../store/duplicate-layers.ts';
import { requireLayerVariant, storedDescriptor } from '../store/layer-variant.ts';
import { tagTarget } from '../tag.ts';
import type { ContainerDeps } from './container-deps.ts';
import { requireContainer } from './container-records.ts';
import { changedFiles } from './files/changed-files.ts';
import { type HoldDeps, holdStill } from './life/hold-still.ts';
import { unpackLayers } from './life/mount-layers.ts';
import { currentRecord } from './life/settle.ts';

export interface CommitDeps extends SealDeps, HoldDeps, Pick<ContainerDeps, 'snapshots'> {
  readonly now: () => Date;
}

export interface CommitRequest {
  /** A name, an ID or the beginning of one. */
  readonly container: string;
  /** The new image's name; absent: none. */
  readonly ref?: Reference;
  readonly author?: string;
  readonly message?: string;
  /** Dockerfile instructions, as for an import. */
  readonly changes?: readonly string[];
  /** `false`: a container that runs goes on while its files are read. */
  readonly pause?: boolean;
}

/** One commit under way: what its steps share. */
interface Commit {
  readonly deps: CommitDeps;
  readonly request: CommitRequest;
  readonly record: ContainerRecord;
  readonly base: ImageFacts;
  /** The blobs that hold the base's layers. */
  readonly records: readonly LayerRecord[];
  readonly hold: (digest: Digest) => void;
  readonly signal: AbortSignal;
  readonly onProgress?: VerbOptions['onProgress'];
}

/**
 * Makes an image of a container: its image's layers, one more with what changed, and the way it was started as
 * the configuration. A container that runs is paused meanwhile. Throws `IMAGE_UNKNOWN` when the container's image
 * was removed, `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT` with Docker's texts for names and changes, `CONFLICT`,
 * `NO_SPACE`, `CANCELLED`; then nothing is left, and the container goes on.
 */
export async function commit(
  deps: CommitDeps,
  request: CommitRequest,
  options: VerbOptions = {},
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  const ref = request.ref && tagTarget(request.ref);
  const record = currentRecord(deps, requireContainer(store.metadata, request.container));
  const { id, imageId, state } = record;
  if (state.status === 'dead')
    throw new WherryError('CONFLICT', `You cannot commit container ${id} which is Dead`);
  const base = store.metadata.findImage(imageId as Digest);
  if (!base)
    throw new WherryError('IMAGE_UNKNOWN', `No such image: ${imageId}`, {
      hint: `container ${id.slice(0, 12)} was made from it; pull it again`,
    });
  const config = committedConfig(record, request.changes ?? []);
  const stored = new Set<Digest>();
  try {
    return await commitHeld(
      deps,
      { ...request, ...(ref && { ref }) },
      { record, base, config },
      stored,
      options,
    );
  } finally {
    // An empty layer, a form of it that was not kept, or, after a failure, all of it.
    await sweepDuplicates(store, stored);
  }
}

/** How containers of the new image are: as this one, with the changes. moby 20.10, `daemon/commit.go`. */
function committedConfig(record: ContainerRecord, changes: readonly string[]): ContainerConfig {
  const own = record.config as ContainerConfig;
  const changed = applyChanges(own, changes);
  const hasProgram = [changed.Entrypoint, changed.Cmd].some((words) => words && words.length > 0);
  return hasProgram || !own.Cmd ? changed : { ...changed, Cmd: own.Cmd };
}

async function commitHeld(
  deps: CommitDeps,
  request: CommitRequest,
  { record, base, config }: Pick<Commit, 'record' | 'base'> & { readonly config: ContainerConfig },
  stored: Set<Digest>,
  { signal = new AbortController().signal, onProgress }: VerbOptions,
): Promise<{ readonly id: Digest }> {
  const { store } = deps;
  await using lease = await store.metadata.acquireLease(`commit ${record.id}`);
  lease.add(...store.contentOf(base));
  const hold = (digest: Digest) => {
    stored.add(digest);
    lease.add(digest);
  };
  const records: LayerRecord[] = [];
  for (const layer of base.layers) records.push(await requireLayerVariant(store, layer));
  const parts = { deps, request, record, base, records, hold, signal };
  const top = await changedLayer({ ...parts, ...(onProgress && { onProgress }) });
  const created = deps.now();
  const document = makeCommittedConfig(await readOwnDocument(store.blobs, base.id, MAX_CONFIG_BYTES), {
    created,
    container: record.id,
    containerConfig: record.config as ContainerConfig,
    config,
    ...(top && { diffID: top.diffID }),
    ...(request.author && { author: request.author }),
    ...(request.message && { comment: request.message }),
  });
  const layers = [...records, ...(top ? [top] : [])];
  const manifest = makeManifest(
    document.descriptor,
    layers.map((record) => storedDescriptor(store, record)),
  );
  const image = { config: document, manifest, layers, parent: base.id, taggedAt: created };
  const id = await recordImage(store, { ...image, ...(request.ref && { ref: request.ref }) }, hold, signal);
  store.metadata.noteUse(base.id, id);
  return { id };
}

/** Stores what changed; `undefined`: nothing did. */
async function changedLayer(state: Commit): Promise<LayerFacts | undefined> {
  const { deps, request, record, hold, signal, onProgress } = state;
  const holding = { pause: request.pause ?? true, signal, ...(onProgress && { onProgress }) };
  await using _still = await holdStill(deps, record.id, holding);
  const lookUpBase = async (paths: readonly string[]) => {
    // They are unpacked mostly, since the container ran. Tables of contents would all have to be read.
    await using lease = await unpackLayers(deps, record, { signal });
    return await lookUp(lease.snapshots, paths);
  };
  const changed = await changedFiles(deps, record, { lookUpBase, signal });
  if (changed === undefined) return undefined;
  const tar = diffLayer(changed.directory, { names: changed.names, signal });
  const layer = await storeLayer(deps, tar, { hold: ({ digest }) => hold(digest), signal }).stored;
  return layer.diffID === EMPTY_DIFF_ID ? undefined : layer;
}
