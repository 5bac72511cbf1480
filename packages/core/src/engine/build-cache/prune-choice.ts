import type { HeldEntry } from './cache-entries.ts';

/** How much of the cache may stay, in bytes; what is absent bounds nothing. */
export interface CacheLimits {
  /** This much always may. Alone: no more than this. */
  readonly reservedBytes?: number;
  /** No more than this. */
  readonly maxUsedBytes?: number;
  /** Only as much as leaves this free on the disk. */
  readonly minFreeBytes?: number;
}

export interface PruneChoice extends CacheLimits {
  /** Those that images have, too. */
  readonly all: boolean;
  readonly isMeant: (entry: HeldEntry['entry']) => boolean;
  /** Of the disk, when `minFreeBytes` is asked for. */
  readonly freeBytes: number;
}

/**
 * Chooses what goes: of what is meant and nobody uses, the least recently used first, a step never before those that
 * stand on it; with limits, no more than it takes to keep them.
 */
export function choosePruned(entries: readonly HeldEntry[], choice: PruneChoice): HeldEntry[] {
  const sizes = new CacheSize(entries);
  const allowed = allowedBytes(sizes.total, choice);
  const chosen: HeldEntry[] = [];
  for (const held of inOrder(entries)) {
    const { isInUse, isShared } = held.entry;
    if (isInUse || (isShared && !choice.all) || !choice.isMeant(held.entry)) continue;
    if (allowed !== undefined && sizes.total <= allowed) break;
    chosen.push(held);
    sizes.take(held);
  }
  return chosen;
}

/** Absent: what is meant goes, however little it is. BuildKit, `calculateKeepBytes`. */
function allowedBytes(total: number, choice: PruneChoice): number | undefined {
  const { reservedBytes, maxUsedBytes, minFreeBytes, freeBytes } = choice;
  if (maxUsedBytes === undefined && minFreeBytes === undefined) return reservedBytes;
  const forDisk = minFreeBytes === undefined ? total : total - Math.max(0, minFreeBytes - freeBytes);
  return Math.max(Math.min(maxUsedBytes ?? total, forDisk), reservedBytes ?? 0);
}

/** What would come back if entries went: a layer that several steps have counts until the last one goes. */
class CacheSize {
  total = 0;
  readonly #users = new Map<string, number>();

  constructor(entries: readonly HeldEntry[]) {
    for (const held of entries) {
      if (this.#count(held, 1) === 1) this.total += sizeOf(held);
    }
  }

  take(held: HeldEntry): void {
    if (this.#count(held, -1) === 0) this.total -= sizeOf(held);
  }

  #count({ entry, record }: HeldEntry, step: 1 | -1): number {
    const name = record?.layer?.digest ?? entry.id;
    const users = (this.#users.get(name) ?? 0) + step;
    this.#users.set(name, users);
    return users;
  }
}

/** What an image has is in its account. */
function sizeOf({ entry }: HeldEntry): number {
  return entry.isShared ? 0 : entry.bytes;
}

/** A step counts as used when the last of those that stand on it was; and goes after them. */
function inOrder(entries: readonly HeldEntry[]): HeldEntry[] {
  const uses = new Map(entries.map(({ entry }) => [entry.id, entry.lastUsedAt.getTime()]));
  const depths = depthsOf(entries);
  const depthOf = ({ entry }: HeldEntry) => depths.get(entry.id) ?? 0;
  const useOf = ({ entry }: HeldEntry) => uses.get(entry.id) ?? 0;
  const deepestFirst = [...entries].sort((a, b) => depthOf(b) - depthOf(a));
  for (const held of deepestFirst) {
    const { parent } = held.entry;
    if (parent !== undefined) uses.set(parent, Math.max(uses.get(parent) ?? 0, useOf(held)));
  }
  return deepestFirst.sort((a, b) => useOf(a) - useOf(b));
}

/** How many steps each stands on. A circle, which only a damaged store can have, ends where it closes. */
function depthsOf(entries: readonly HeldEntry[]): Map<string, number> {
  const parents = new Map(entries.map(({ entry }) => [entry.id, entry.parent]));
  const depths = new Map<string, number>();
  for (const id of parents.keys()) {
    const path: string[] = [];
    const seen = new Set<string>();
    for (let at: string | undefined = id; at !== undefined && !depths.has(at); at = parents.get(at)) {
      if (seen.has(at)) break;
      seen.add(at);
      path.push(at);
    }
    for (const each of path.reverse()) depths.set(each, (depths.get(parents.get(each) ?? '') ?? -1) + 1);
  }
  return depths;
}
