import type { CatalogTag } from '../../../metadata/registry-tags.ts';
import { closestPrefix, matchesPattern } from './name-pattern.ts';

const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;

/** Which tags of the repositories below a prefix stay: those that one of the rules speaks for. */
export interface RetentionRule {
  /** Such as `team`; empty: every repository. The longest that fits a repository counts, alone. */
  readonly prefix: string;
  /** So many tags of each repository, the last pushed ones. */
  readonly keepNewest?: number;
  /** Tags that were pushed within this time, in ms. */
  readonly keepNewerThanMs?: number;
  /** Tags that fit one of these patterns. */
  readonly keepMatching?: readonly string[];
  /** Tags that fit one of these are never touched, nor do they count among the newest. */
  readonly pinned?: readonly string[];
}

/** What becomes of one tag, and why. */
export interface TagFate extends CatalogTag {
  readonly isKept: boolean;
  /** Such as `among the 10 newest`. */
  readonly reason: string;
}

/**
 * Decides over the tags of repositories that a rule speaks of, in the order of `tags`. `isPinned` tells of tags
 * whose image somebody has pinned.
 */
export function tagFates(
  tags: readonly CatalogTag[],
  rules: readonly RetentionRule[],
  now: Date,
  isPinned: (tag: CatalogTag) => boolean = () => false,
): TagFate[] {
  const fates: TagFate[] = [];
  for (const [repository, all] of Map.groupBy(tags, (tag) => tag.repository)) {
    const rule = closestPrefix(rules, repository);
    if (rule === undefined) continue;
    const pins = new Map(all.map((tag) => [tag, pinOf(tag, rule, isPinned)]));
    const newest = new Set(
      all
        .filter((tag) => pins.get(tag) === undefined)
        .sort((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime() || (a.tag < b.tag ? 1 : -1))
        .slice(0, rule.keepNewest ?? 0),
    );
    for (const tag of all) {
      const reason = pins.get(tag) ?? reasonToKeep(tag, rule, newest, now);
      fates.push({ ...tag, isKept: reason !== undefined, reason: reason ?? reasonToRemove(rule) });
    }
  }
  return fates;
}

function pinOf(
  tag: CatalogTag,
  { pinned = [] }: RetentionRule,
  isPinned: (tag: CatalogTag) => boolean,
): string | undefined {
  const pattern = pinned.find((each) => matchesPattern(each, tag.tag));
  if (pattern !== undefined) return `pinned by ${JSON.stringify(pattern)}`;
  return isPinned(tag) ? 'its image is pinned' : undefined;
}

function reasonToKeep(
  tag: CatalogTag,
  rule: RetentionRule,
  newest: ReadonlySet<CatalogTag>,
  now: Date,
): string | undefined {
  const { keepNewest, keepNewerThanMs, keepMatching = [] } = rule;
  const pattern = keepMatching.find((each) => matchesPattern(each, tag.tag));
  if (pattern !== undefined) return `matches ${JSON.stringify(pattern)}`;
  if (newest.has(tag)) return `among the ${keepNewest} newest`;
  if (keepNewerThanMs === undefined || now.getTime() - tag.pushedAt.getTime() >= keepNewerThanMs)
    return undefined;
  return `newer than ${formatAge(keepNewerThanMs)}`;
}

function reasonToRemove({ keepNewest, keepNewerThanMs, keepMatching = [] }: RetentionRule): string {
  const reasons = [
    ...(keepNewerThanMs === undefined ? [] : [`older than ${formatAge(keepNewerThanMs)}`]),
    ...(keepNewest === undefined ? [] : [`not among the ${keepNewest} newest`]),
    ...(keepMatching.length === 0 ? [] : ['matches no pattern']),
  ];
  return reasons.join(', ');
}

function formatAge(ms: number): string {
  if (ms % DAY_MS === 0) return `${ms / DAY_MS}d`;
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : `${ms / 1000}s`;
}
