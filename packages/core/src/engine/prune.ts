import type { Digest } from '../digest.ts';
import { throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { removeUnneededSnapshots } from './containers/life/unneeded-snapshots.ts';
import type { PruneRequest, PruneResult, RemovalEvent } from './engine.ts';
import { Removal } from './removal/removal.ts';
import {
  type ImageFilters,
  matchesLabels,
  PRUNE_FILTERS,
  parseImageFilters,
} from './selection/image-filters.ts';
import { readLabels } from './selection/image-labels.ts';
import { configuredFilters } from './selection/prune-config.ts';
import { type PruneSelection, prunableImages, pruneCandidates } from './selection/prune-selection.ts';
import { forgetDuplicates, sweepDuplicates } from './store/duplicate-layers.ts';
import { lastUses } from './store/last-use.ts';
import type { Store } from './store/store.ts';

/** Images to a transaction: other writers wait for one, some tenths of a second; each costs a handful of flushes. */
const MIN_BATCH = 250;
/** Each batch looks at the whole store once more, so large stores are pruned in larger ones. */
const MAX_BATCHES = 16;

export interface PruneDeps {
  readonly store: Store;
  readonly now: () => Date;
  /** `pruneFilters` of Docker's configuration. */
  readonly configuredFilters: () => Promise<readonly string[]>;
  /** Tells whether something besides the store's containers uses an image. */
  readonly isInUse?: (image: Digest) => boolean;
  /** For a dry run: IDs of containers that are to go before. */
  readonly without?: ReadonlySet<string>;
}

/** What a prune set out to take. */
interface Plan {
  readonly store: Store;
  readonly request: PruneRequest;
  readonly filters: ImageFilters;
  readonly isInUse: (image: Digest) => boolean;
  readonly without: ReadonlySet<string>;
}

/**
 * Removes images that nobody needs: those without a tag, or with `all` every one; never those that are pinned
 * or in use. What becomes needless on the way goes too, so a second run finds nothing. Images that come while
 * it runs stay. Throws `INVALID_ARGUMENT` with Docker's texts for filters, `CANCELLED`.
 */
export async function prune(
  deps: PruneDeps,
  request: PruneRequest = {},
  options: VerbOptions = {},
): Promise<PruneResult> {
  const { store, isInUse = () => false, without = new Set() } = deps;
  const given = request.filters ?? [];
  const configured = request.configured ? configuredFilters(await deps.configuredFilters(), given) : [];
  const filters = parseImageFilters([...given, ...configured], PRUNE_FILTERS, deps.now());
  const plan: Plan = { store, request, filters, isInUse, without };
  requireKeep(plan);
  const chosen = await chooseImages(plan, options.signal);
  const batch = Math.max(MIN_BATCH, Math.ceil(chosen.size / MAX_BATCHES));
  if (request.dryRun) return rehearse(plan, chosen, batch);
  const result = await carryOut(plan, chosen, batch, options.signal);
  const unpackedBytes = await removeUnneededSnapshots(store);
  return { ...result, reclaimedBytes: result.reclaimedBytes + unpackedBytes };
}

function requireKeep(plan: Plan): void {
  const { keep } = plan.request;
  if (keep === undefined) return;
  if (!Number.isSafeInteger(keep) || keep < 0)
    throw new WherryError('INVALID_ARGUMENT', `cannot keep ${keep} tags: want a whole number from 0 on`);
  if (!takesAll(plan))
    throw new WherryError('INVALID_ARGUMENT', 'there are no tags to keep: only dangling images would go', {
      hint: 'prune tagged images too, with --all',
    });
}

/** As Docker's client, which sends `-a` as a filter: `dangling=false` does the same. */
function takesAll({ request, filters }: Plan): boolean {
  return request.all === true || filters.dangling === false;
}

/** The images that may go, of those that the store holds now. */
async function chooseImages(plan: Plan, signal: AbortSignal | undefined): Promise<Set<Digest>> {
  const { store, filters } = plan;
  const ids = lookAhead(plan, () => {
    const { removal, selection } = begin(plan);
    return prunableImages(removal, selection);
  });
  if (filters.labels.length === 0) return new Set(ids);
  const labels = await readLabels(store.blobs, ids, signal);
  return new Set(ids.filter((id) => matchesLabels(filters, labels.get(id))));
}

/** Runs `work` on the store as it would be without the containers that are to go before. */
function lookAhead<T>({ store: { metadata }, without }: Plan, work: () => T): T {
  if (without.size === 0) return work();
  return metadata.atomically(
    () => {
      for (const id of without) metadata.deleteContainer(id);
      return work();
    },
    { undo: true },
  );
}

/** Looks at the store as it is now. */
function begin(plan: Plan): { readonly removal: Removal; readonly selection: PruneSelection } {
  const { metadata } = plan.store;
  const pinned = new Set(metadata.pinnedImages());
  const isUsed = usedSince(plan);
  const ofContainers = new Set(metadata.imagesOfContainers());
  const isKept = (id: Digest) => pinned.has(id) || ofContainers.has(id) || plan.isInUse(id) || isUsed(id);
  return {
    removal: new Removal(plan.store, isKept),
    selection: {
      all: takesAll(plan),
      filters: plan.filters,
      keep: plan.request.keep ?? 0,
      isKept,
      isNamed: (manifest) => metadata.isNamed(manifest),
    },
  };
}

/** Asked anew for each batch: what somebody used while the prune runs stays. */
function usedSince({ store, filters }: Plan): (image: Digest) => boolean {
  const { unusedSince } = filters;
  if (unusedSince === undefined) return () => false;
  const lastUse = lastUses(store);
  return (image) => lastUse(image) > unusedSince;
}

/** Batch after batch: metadata first, then the index, then the blobs, as `remove` does it for one image. */
async function carryOut(
  plan: Plan,
  chosen: ReadonlySet<Digest>,
  batch: number,
  signal: AbortSignal | undefined,
): Promise<PruneResult> {
  const { store } = plan;
  const events: RemovalEvent[] = [];
  let contentBytes = 0;
  let reclaimedBytes = 0;
  for (;;) {
    throwIfCancelled(signal);
    const removal = store.metadata.atomically(() => {
      const { removal: work, selection } = begin(plan);
      takeSome(work, selection, chosen, batch);
      return work;
    });
    if (removal.events.length === 0) return { events, contentBytes, reclaimedBytes };
    events.push(...removal.events);
    contentBytes += removal.contentBytes;
    await store.publishIndex();
    const content = [...removal.content];
    const bytes = new Map(content.map((digest) => [digest, store.blobs.allocatedSync(digest)]));
    for (const digest of await sweepDuplicates(store, content)) reclaimedBytes += bytes.get(digest) ?? 0;
  }
}

/** Does the same in a transaction that is undone. */
function rehearse(plan: Plan, chosen: ReadonlySet<Digest>, batch: number): PruneResult {
  const { metadata, blobs } = plan.store;
  return metadata.atomically(
    () => {
      for (const id of plan.without) metadata.deleteContainer(id);
      const { removal, selection } = begin(plan);
      while (takeSome(removal, selection, chosen, batch));
      forgetDuplicates(plan.store, removal.content);
      const bytes = metadata.unheld(removal.content).map((digest) => blobs.allocatedSync(digest));
      const reclaimedBytes = bytes.reduce((sum, size) => sum + size, 0);
      return { events: removal.events, contentBytes: removal.contentBytes, reclaimedBytes };
    },
    { undo: true },
  );
}

/** Takes the next images of `chosen`, `batch` at most; tells whether there were any. */
function takeSome(
  removal: Removal,
  selection: PruneSelection,
  chosen: ReadonlySet<Digest>,
  batch: number,
): boolean {
  const candidates = pruneCandidates(removal, selection, chosen);
  for (const { facts, names } of candidates.slice(0, batch)) removal.take(facts, names);
  return candidates.length > 0;
}
