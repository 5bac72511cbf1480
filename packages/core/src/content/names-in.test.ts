import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { namesIn } from './names-in.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wherry-names-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a directory that is not there has no names, a file is a fault', async () => {
  writeFileSync(join(directory, 'a'), '');
  expect(await namesIn(directory)).toEqual(['a']);
  expect(await namesIn(join(directory, 'none'))).toEqual([]);
  await expect(namesIn(join(directory, 'a'))).rejects.toThrow('ENOTDIR');
});
