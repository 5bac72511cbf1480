import type { DiskUsageGroup } from '../engine.ts';
import type { HeldEntry } from './cache-entries.ts';

/** The build cache in the account of the disk. What images have is in theirs. */
export function buildCacheGroup(entries: readonly HeldEntry[], bytes: number): DiskUsageGroup {
  const isActive = ({ entry }: HeldEntry) => entry.isInUse;
  const held = new Set(entries.filter(isActive).map(contentOf));
  const counted = new Set<string>();
  let reclaimableBytes = 0;
  for (const each of entries) {
    const content = contentOf(each);
    if (each.entry.isShared || held.has(content) || counted.has(content)) continue;
    counted.add(content);
    reclaimableBytes += each.entry.bytes;
  }
  return {
    type: 'build-cache',
    total: entries.length,
    active: entries.filter(isActive).length,
    bytes,
    reclaimableBytes: Math.min(bytes, reclaimableBytes),
    items: entries.map(({ entry }) => ({
      name: entry.id,
      bytes: entry.bytes,
      reclaimableBytes: entry.isShared || entry.isInUse ? 0 : entry.bytes,
    })),
  };
}

/** Steps with the same layer take its room once. */
function contentOf({ entry, record }: HeldEntry): string {
  return record?.layer?.digest ?? entry.id;
}
