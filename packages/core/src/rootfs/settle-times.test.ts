import { lstatSync, lutimesSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settleTimes } from './settle-times.ts';

let upper: string;
beforeEach(() => {
  upper = mkdtempSync(join(tmpdir(), 'wherry-settle-'));
});
afterEach(() => rmSync(upper, { recursive: true, force: true }));

test('files get whole seconds that are no later than they may be, links and old ones too', async () => {
  const at = (name: string) => join(upper, name);
  const times = { before: -90.5, early: 1000.75, late: 3000 };
  for (const [name, seconds] of Object.entries(times)) {
    writeFileSync(at(name), 'four');
    const time = new Date(seconds * 1000);
    utimesSync(at(name), time, time);
  }
  symlinkSync('nowhere', at('link'));
  lutimesSync(at('link'), 2500.25, 2500.25);
  const names = [...Object.keys(times), 'link'].map((path) => ({ path, isWhiteout: false }));
  expect(await settleTimes(upper, names, 2000)).toEqual({ entries: 4, size: 12 });
  const settled = names.map(({ path }) => lstatSync(at(path)).mtimeMs);
  expect(settled).toEqual([-91_000, 1_000_000, 2_000_000, 2_000_000]);
});
