import { parseDuration } from '@wherry/core';

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]i?b|b)?$/i;
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
/** The largest first: a size is written with the largest unit that divides it. */
const WRITTEN_SIZES = ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB'] as const;

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS = /^(\d+(?:\.\d+)?)d/;
const NS_PER_MS = 1e6;
const WRITTEN_DURATIONS = [
  ['d', DAY_MS],
  ['h', 60 * 60 * 1000],
  ['m', 60 * 1000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** Reads `20GB` (decimal), `512MiB` (binary) or a bare number as bytes; absent: it is no size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (!match) return undefined;
  const bytes = Number(match[1]) * (UNITS[(match[2] ?? 'b').toLowerCase()] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

export function formatSize(bytes: number): string {
  const unit = WRITTEN_SIZES.find((name) => bytes >= unitOf(name) && bytes % unitOf(name) === 0);
  return unit === undefined ? String(bytes) : `${bytes / unitOf(unit)}${unit}`;
}

function unitOf(name: string): number {
  return UNITS[name.toLowerCase()] ?? Number.NaN;
}

/** Reads Go's durations, which may begin with days: `7d`, `1d12h`, `90s`; in ms. Absent: it is none. */
export function parseMilliseconds(text: string): number | undefined {
  const days = DAYS.exec(text);
  const rest = days ? text.slice(days[0].length) : text;
  let ms = Number(days?.[1] ?? 0) * DAY_MS;
  try {
    if (rest !== '' || !days) ms += parseDuration(rest) / NS_PER_MS;
  } catch {
    return undefined;
  }
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}

export function formatMilliseconds(ms: number): string {
  let left = ms;
  const parts = WRITTEN_DURATIONS.map(([unit, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count > 0 ? `${count}${unit}` : '';
  });
  return parts.join('') || '0s';
}
