import { expect, test } from 'vitest';
import type { BuildCacheEntry } from './cache-entries.ts';
import { parseCacheFilters } from './cache-filters.ts';

const NOW = new Date('2026-01-03T00:00:00Z');

const entry: BuildCacheEntry = {
  ...{ id: 'abc123', type: 'regular', description: 'RUN make all', parent: 'def456', bytes: 1 },
  ...{ createdAt: NOW, lastUsedAt: new Date('2026-01-01T00:00:00Z'), isInUse: false, isShared: true },
};

test.each([
  { filters: [], holds: true },
  { filters: ['', 'id=abc'], holds: true },
  { filters: ['id=bc'], holds: false },
  { filters: ['ID = abc'], holds: true },
  { filters: ['parent=def'], holds: true },
  { filters: ['type=regular'], holds: true },
  { filters: ['type=exec.cachemount'], holds: false },
  { filters: ['description=make'], holds: true },
  { filters: ['inuse=true'], holds: false },
  { filters: ['inuse=0'], holds: true },
  { filters: ['shared='], holds: true },
  { filters: ['private=true'], holds: false },
  { filters: ['until=48h'], holds: true },
  { filters: ['until=49h'], holds: false },
  { filters: ['unused-for=4000h'], holds: false },
  { filters: ['until=2026-01-02T00:00:00Z'], holds: true },
  { filters: ['id=abc', 'type=other'], holds: false },
])('$filters: $holds', ({ filters, holds }) => {
  expect(parseCacheFilters(filters, NOW)(entry)).toBe(holds);
});

test.each([
  { filters: ['foo=bar'], message: "Invalid filter 'foo'" },
  { filters: ['mutable=true'], message: "Invalid filter 'mutable'" },
  { filters: ['label=a'], message: "Invalid filter 'label'" },
  { filters: ['id'], message: 'bad format of filter (expected name=value)' },
  { filters: ['id=a', 'id=b'], message: 'filters expect only one value' },
  { filters: ['until=1h', 'unused-for=1h'], message: 'conflicting filters: "until" and "unused-for"' },
  {
    filters: ['until=xx'],
    message:
      '"until" filter expects a duration (e.g., \'24h\'): failed to parse value as time or duration: "xx"',
  },
  { filters: ['inuse=maybe'], message: "invalid filter 'inuse=maybe'" },
])('refuses $filters', ({ filters, message }) => {
  expect(() => parseCacheFilters(filters, NOW)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  );
});
