import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings } from '../settings/load-settings.ts';
import { createLog } from './log.ts';
import { reloadSettings, watchSettings } from './reload.ts';

let directory: string;
let lines: { level: string; msg: string; [field: string]: unknown }[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-reload-'));
  lines = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const log = () =>
  createLog({
    level: 'info',
    format: 'json',
    write: (text) => void lines.push(JSON.parse(text)),
    now: () => new Date(0),
  });

async function settingsFrom(text: string) {
  const path = join(directory, 'serve.toml');
  await writeFile(path, text);
  return { path, settings: await loadSettings({ path, env: {} }) };
}

test('puts housekeeping into force when the file changes, and names what wants a restart', async () => {
  const { path, settings } = await settingsFrom('[gc]\ninterval = "24h"\n');
  using _watch = await watchSettings(settings, log());
  await writeFile(
    path,
    `[gc]
interval = "1h"
[[retention.rule]]
prefix = "team"
keep-newest = 3
[[quota.limit]]
prefix = "*"
bytes = "1GB"
[[webhook.endpoint]]
name = "hook"
url = "https://example.com/"
[metrics]
enabled = false
`,
  );
  await expect.poll(() => lines, { timeout: 20_000 }).toHaveLength(2);
  expect(lines).toMatchObject([
    { changed: ['gc.interval', 'retention.rule', 'quota.limit', 'webhook.endpoint'] },
    { level: 'warn', msg: 'settings have changed that need a restart', keys: ['metrics.enabled'] },
  ]);
  expect(settings.current.gc.interval).toBe(3_600_000);
});

test('says what a file is wrong with, and keeps to what was', async () => {
  const { path, settings } = await settingsFrom('[gc]\ninterval = "24h"\n');
  using _watch = await watchSettings(settings, log());
  await writeFile(path, '[gc]\ninterval = "soon"\n');
  await expect.poll(() => lines, { timeout: 20_000 }).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'error', msg: expect.stringContaining('gc.interval') });
  expect(settings.current.gc.interval).toBe(86_400_000);
});

test('answers who asks for it even where nothing is new', async () => {
  const { settings } = await settingsFrom('');
  await reloadSettings(settings, log(), { ifNew: true });
  expect(lines).toEqual([]);
  await reloadSettings(settings, log());
  expect(lines).toMatchObject([{ msg: 'settings were read again', changed: [] }]);
});
