import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IngestDirectory } from './ingest-directory.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ingest-directory-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

test('is handed on from writer to writer, though each takes it away', async () => {
  let inside = 0;
  const write = async () => {
    for (let round = 0; round < 40; round++) {
      const held = await IngestDirectory.acquire(join(place, 'key'));
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
      await held.remove();
    }
  };
  await Promise.all(Array.from({ length: 6 }, write));
  expect(readdirSync(place)).toEqual([]);
});

test('is given up where it can never be', async () => {
  symlinkSync(join(place, 'nowhere'), join(place, 'link'));
  await expect(IngestDirectory.acquire(join(place, 'link'))).rejects.toThrow();
  expect(existsSync(join(place, 'nowhere'))).toBe(false);
});
