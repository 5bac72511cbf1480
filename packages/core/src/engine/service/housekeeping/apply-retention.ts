import { throwIfCancelled, WherryError } from '../../../errors.ts';
import type { CatalogTag } from '../../../metadata/registry-tags.ts';
import type { Store } from '../../store/store.ts';
import { type RetentionRule, type TagFate, tagFates } from './tag-fates.ts';
import { unneededManifests } from './unneeded-manifests.ts';

/** Tags to a transaction: a push waits for one at most. */
const BATCH = 250;

export interface ApplyRetentionRequest {
  readonly rules: readonly RetentionRule[];
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

export interface ApplyRetentionResult {
  /** Of every tag that a rule speaks of, by repository and tag. */
  readonly fates: readonly TagFate[];
  /** The tags that were taken off; one that was pushed again meanwhile is not. */
  readonly removed: readonly CatalogTag[];
}

export interface ApplyRetentionDeps {
  readonly store: Store;
  readonly now: () => Date;
  /** Hears of each tag that goes, in the transaction that takes it. */
  readonly onRemoved?: (tag: CatalogTag) => void;
}

/**
 * Takes tags off that no rule speaks for, and their manifests out of the repositories when nothing else needs
 * them; garbage collection takes the content. Throws `INVALID_ARGUMENT` for a rule that would keep nothing,
 * `CANCELLED`.
 */
export async function applyRetention(
  { store, now, onRemoved }: ApplyRetentionDeps,
  { rules, dryRun = false }: ApplyRetentionRequest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ApplyRetentionResult> {
  for (const rule of rules) requireKeeping(rule);
  const { metadata } = store;
  const pins = new Set(metadata.pinnedImages());
  const isPinned = ({ digest }: CatalogTag) =>
    pins.size > 0 && [...metadata.descendants([digest])].some((each) => pins.has(each));
  const fates = tagFates(metadata.registryTags.list(), rules, now(), isPinned);
  const doomed = fates.filter(({ isKept }) => !isKept);
  if (dryRun) return { fates, removed: [] };
  const removed: CatalogTag[] = [];
  for (let at = 0; at < doomed.length; at += BATCH) {
    throwIfCancelled(options.signal);
    const gone = metadata.atomically(() => {
      const some = metadata.registryTags.remove(doomed.slice(at, at + BATCH));
      for (const tag of some) onRemoved?.(tag);
      return some;
    });
    removed.push(...gone);
  }
  if (removed.length > 0) await dropManifests(store, removed);
  return { fates, removed };
}

/** The manifests go even where others without tags are kept: nobody untagged those on purpose. */
async function dropManifests(store: Store, removed: readonly CatalogTag[]): Promise<void> {
  const { metadata } = store;
  const freed = metadata.descendants(removed.map(({ digest }) => digest));
  const unneeded = await unneededManifests(store);
  metadata.untagged.drop(
    unneeded.filter(({ digest, subject }) => freed.has(digest) || (subject && freed.has(subject))),
  );
}

function requireKeeping({ prefix, keepNewest, keepNewerThanMs, keepMatching = [] }: RetentionRule): void {
  if (keepNewest !== undefined || keepNewerThanMs !== undefined || keepMatching.length > 0) return;
  throw new WherryError('INVALID_ARGUMENT', `retention of ${JSON.stringify(prefix)} keeps no tag at all`, {
    hint: 'give it keep-newest, keep-newer-than or keep-matching',
  });
}
