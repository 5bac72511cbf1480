import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WherryError } from './errors.ts';
import {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  matchingPlatforms,
  normalizePlatform,
  type Platform,
  parsePlatform,
  platformMatchOrder,
  samePlatform,
} from './platform.ts';

const FOLDER = new URL('../../../../shared/cases/platform/', import.meta.url);
const HOST: Platform = { os: 'linux', architecture: 'amd64' };
const parse = (text: string) => parsePlatform(text, HOST);

function cases<T>(file: string): T[] {
  return existsSync(FOLDER) ? JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) : [];
}

function failure(run: () => unknown): WherryError {
  try {
    run();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe.skipIf(!existsSync(FOLDER))('the recorded cases', () => {
  interface ParseCase {
    readonly input: string;
    readonly error?: string;
    readonly os: string;
    readonly architecture: string;
    readonly variant: string;
    readonly format: string;
    readonly normalized: string;
  }
  const rows = cases<ParseCase>('parse.json');

  test.each(rows.filter((row) => row.error === undefined))('reads $input', (row) => {
    const platform = parse(row.input);
    expect(platform).toMatchObject({ os: row.os, architecture: row.architecture });
    expect(platform.variant ?? '').toBe(row.variant);
    expect(formatPlatform(platform)).toBe(row.format);
    expect(formatPlatform(normalizePlatform(platform))).toBe(row.normalized);
  });

  test.each(rows.filter((row) => row.error !== undefined))('refuses $input', (row) => {
    const error = failure(() => parse(row.input));
    expect(error.code).toBe('INVALID_PLATFORM');
    expect(error.message).toBe(row.error);
  });

  test.each(cases<{ want: string; candidates: string[]; matchesBestFirst: string[] }>('match.json'))(
    'orders what runs on $want',
    ({ want, candidates, matchesBestFirst }) => {
      const platforms = candidates.map(parse);
      const matches = matchingPlatforms(parse(want), platforms).map((index) => candidates[index]);
      expect(matches).toEqual(matchesBestFirst);
      expect(candidates[choosePlatform(parse(want), platforms)]).toBe(matchesBestFirst[0]);
    },
  );
});

describe('parsePlatform', () => {
  test.each([
    {
      name: 'keeps the version of an OS',
      text: 'windows(10.0.17763)/amd64',
      want: { os: 'windows', architecture: 'amd64', osVersion: '10.0.17763' },
    },
    { name: 'knows armel', text: 'linux/armel', want: { os: 'linux', architecture: 'arm', variant: 'v6' } },
    { name: 'takes an unknown pair as it is', text: 'foo/bar', want: { os: 'foo', architecture: 'bar' } },
    {
      name: 'drops the first amd64 variant',
      text: 'linux/amd64/v1',
      want: { os: 'linux', architecture: 'amd64' },
    },
  ])('$name', ({ text, want }) => {
    expect(parse(text)).toEqual(want);
  });

  test('fills in from an ARM host, with its variant where that is unusual', () => {
    expect(parsePlatform('linux', { os: 'linux', architecture: 'arm', variant: 'v6' })).toEqual({
      os: 'linux',
      architecture: 'arm',
      variant: 'v6',
    });
    expect(parsePlatform('linux', { os: 'linux', architecture: 'arm', variant: 'v7' })).toEqual({
      os: 'linux',
      architecture: 'arm',
    });
  });

  test.each([
    { text: 'nonsense', message: '"nonsense": unknown operating system or architecture: invalid argument' },
    { text: 'a/b/c/d', message: '"a/b/c/d": cannot parse platform specifier: invalid argument' },
  ])('refuses $text', ({ text, message }) => {
    expect(failure(() => parse(text)).message).toBe(message);
  });

  test('reads back what formatPlatform writes, normalised', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
    const text = fc
      .tuple(word, word, fc.option(word))
      .map(([os, arch, variant]) => [os, arch, variant].filter((part) => part !== null).join('/'));
    fc.assert(
      fc.property(text, (input) => {
        const normalized = normalizePlatform(parse(input));
        expect(normalizePlatform(normalized)).toEqual(normalized);
        expect(normalizePlatform(parse(formatPlatform(normalized)))).toEqual(normalized);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('choosePlatform', () => {
  const choose = (want: string, ...candidates: string[]) =>
    candidates[choosePlatform(parse(want), candidates.map(parse))];

  test.each([
    {
      name: 'newer 64-bit ARM takes the older ones',
      want: 'linux/arm64/v9',
      candidates: ['linux/arm/v7', 'linux/arm64'],
      chosen: 'linux/arm64',
    },
    {
      name: 'a lower minor first',
      want: 'linux/arm64/v9.1',
      candidates: ['linux/arm64/v8.6', 'linux/arm64/v9'],
      chosen: 'linux/arm64/v9',
    },
    {
      name: 'Arm v9.0 has what v8.5 has',
      want: 'linux/arm64/v9',
      candidates: ['linux/arm64', 'linux/arm64/v8.5', 'linux/arm64/v8.6'],
      chosen: 'linux/arm64/v8.5',
    },
    {
      name: 'Arm v8 has not what v8.1 has',
      want: 'linux/arm64',
      candidates: ['linux/arm64/v8.1'],
      chosen: undefined,
    },
    {
      name: 'the first of equals',
      want: 'linux/amd64',
      candidates: ['linux/x86_64', 'linux/amd64'],
      chosen: 'linux/x86_64',
    },
    {
      name: 'a newer amd64 is not for an older machine',
      want: 'linux/amd64',
      candidates: ['linux/amd64/v3'],
      chosen: undefined,
    },
    {
      name: 'an attestation never',
      want: 'unknown/other',
      candidates: ['unknown/unknown'],
      chosen: undefined,
    },
    {
      name: 'Windows builds must be equal before 2022',
      want: 'windows(10.0.17763.1)/amd64',
      candidates: ['windows(10.0.14393)/amd64', 'windows(10.0.17763.9)/amd64'],
      chosen: 'windows(10.0.17763.9)/amd64',
    },
    {
      name: 'Windows runs builds back to its long-term release',
      want: 'windows(10.0.22000)/amd64',
      candidates: ['windows(10.0.26100)/amd64', 'windows(10.0.20348)/amd64'],
      chosen: 'windows(10.0.20348)/amd64',
    },
  ])('$name', ({ want, candidates, chosen }) => {
    expect(choose(want, ...candidates)).toBe(chosen);
  });

  test('skips candidates without a platform', () => {
    expect(choosePlatform(HOST, [undefined, HOST])).toBe(1);
    expect(choosePlatform(HOST, [])).toBe(-1);
  });

  test('makes no long list of a hostile variant', () => {
    expect(platformMatchOrder({ os: 'linux', architecture: 'amd64', variant: 'v999999999' })).toHaveLength(2);
    expect(platformMatchOrder({ os: 'linux', architecture: 'arm', variant: 'v99' }).length).toBeLessThan(100);
  });
});

describe('hostPlatform', () => {
  test.each([
    { name: 'Linux on Intel', node: ['linux', 'x64'], want: 'linux/amd64' },
    { name: 'macOS on Apple silicon', node: ['darwin', 'arm64'], want: 'linux/arm64' },
    { name: 'Windows', node: ['win32', 'x64'], want: 'linux/amd64' },
    { name: 'a small ARM board', node: ['linux', 'arm'], want: 'linux/arm/v7' },
    { name: 'FreeBSD', node: ['freebsd', 'x64'], want: 'freebsd/amd64' },
    { name: 'IBM Z', node: ['linux', 's390x'], want: 'linux/s390x' },
  ])('of $name is $want', ({ node: [system, processor], want }) => {
    expect(formatPlatform(hostPlatform(system!, processor!))).toBe(want);
  });

  test('is the same platform in another spelling', () => {
    expect(samePlatform(HOST, { os: 'linux', architecture: 'x86_64' })).toBe(true);
    expect(samePlatform(HOST, { os: 'linux', architecture: 'arm64' })).toBe(false);
  });
});
