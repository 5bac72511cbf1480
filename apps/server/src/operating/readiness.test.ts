import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Readiness } from './readiness.ts';

let root: string;
let now: number;
let fails: boolean;
let minFreeSpace: number;
let readiness: Readiness;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-ready-'));
  [now, fails, minFreeSpace] = [0, false, 0];
  readiness = new Readiness({
    root,
    readMetadata: async () => {
      if (fails) throw Object.assign(new Error('/secret/path is malformed'), { code: 'SQLITE_CORRUPT' });
    },
    minFreeSpace: () => minFreeSpace,
    now: () => now,
  });
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('a store that works is ready, and nothing is left in it', async () => {
  expect(await readiness.reasons()).toEqual([]);
  expect(await readdir(root)).toEqual([]);
});

test('says all that is wrong, without paths, and asks again after a while', async () => {
  fails = true;
  minFreeSpace = Number.MAX_SAFE_INTEGER;
  await rm(root, { recursive: true });
  expect(await readiness.reasons()).toEqual([
    'the store cannot be written (ENOENT)',
    'the metadata cannot be read (SQLITE_CORRUPT)',
    'the free space of the store cannot be told (ENOENT)',
  ]);
  root = await mkdtemp(root);
  fails = false;
  expect(await readiness.reasons()).toHaveLength(3);
});

test('too little space is told in bytes', async () => {
  minFreeSpace = Number.MAX_SAFE_INTEGER;
  expect(await readiness.reasons()).toEqual([
    expect.stringMatching(/^the store has \d+ bytes of free space, want 9007199254740991$/),
  ]);
  minFreeSpace = 0;
  expect(await readiness.reasons()).toHaveLength(1);
  now += 1_000;
  expect(await readiness.reasons()).toEqual([]);
});

test('a service that stops is not ready at once', async () => {
  expect(await readiness.reasons()).toEqual([]);
  readiness.drain();
  expect(await readiness.reasons()).toEqual(['the service is being stopped']);
});
