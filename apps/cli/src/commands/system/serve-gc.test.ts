import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type OpenedRegistryService, openRegistryService } from '@wherry/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

let root: string;
let service: OpenedRegistryService;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wherry-serve-gc-'));
  service = await openRegistryService({ root });
  for (const [tags, text] of [
    [['1'], 'a'],
    [['1', '2'], 'b'],
    [['latest'], 'c'],
  ] as const) {
    const document = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [], annotations: { text } };
    await service.putManifest({ repository: 'team/app', tags, bytes: Buffer.from(JSON.stringify(document)) });
  }
});
afterEach(async () => {
  await service.close();
  rmSync(root, { recursive: true, force: true });
});

const serve = (...argv: string[]) => runCli(['--root', root, 'serve', ...argv]);

describe('wherry serve gc', () => {
  test('has nothing to take of what was just pushed, though no tag leads to it', async () => {
    expect(await serve('gc', '--untagged', '--dry-run')).toMatchObject({
      exitCode: 0,
      stdout: 'Moved to the trash: 0B\nTotal reclaimed space: 0B\n',
      stderr: 'This was a dry run: nothing has been removed.\n',
    });
    expect(await serve('gc', '--format', 'json')).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test.each([
    { argv: ['gc', '--trash-grace', 'soon'], told: 'invalid duration "soon" for --trash-grace' },
    { argv: ['gc', 'now'], told: "'wherry serve gc' accepts no arguments" },
    { argv: ['gcc'], told: "'wherry serve' accepts no arguments" },
  ])('refuses $argv', async ({ argv, told }) => {
    const { exitCode, stderr } = await serve(...argv);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(told);
  });

  test('stands in the help of serve', async () => {
    const { stdout } = await serve('--help');
    expect(stdout).toMatch(/gc +Collect what/);
    expect(stdout).toContain('--addr');
  });
});

describe('wherry serve retention', () => {
  test('explains the fate of every tag, and takes off what no rule keeps', async () => {
    const rule = ['team', '--keep-matching', '2*', '--pinned', 'latest'];
    const format = ['--format', '{{.Tag}} {{.Fate}}: {{.Reason}}'];
    const told = '1 removed: matches no pattern\n2 kept: matches "2*"\nlatest kept: pinned by "latest"\n';
    expect((await serve('retention', ...rule, '--dry-run', ...format)).stdout).toBe(told);
    expect(await service.listTags('team/app')).toEqual(['1', '2', 'latest']);
    expect((await serve('retention', ...rule, ...format)).stdout).toBe(told);
    // Another process's change is seen from the next turn of the event loop on.
    await setImmediate();
    expect(await service.listTags('team/app')).toEqual(['2', 'latest']);
  });

  test('refuses to take off everything', async () => {
    const { exitCode, stderr } = await serve('retention');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('retention of "" keeps no tag at all');
  });
});

describe('by the settings file of the service', () => {
  const RULES = `[gc]
keep-untagged = false
trash-grace = "3h"
[[retention.rule]]
prefix = "team"
keep-matching = ["2*"]
pinned = ["latest"]
[[webhook.endpoint]]
name = "hook"
url = "https://example.com/"
`;
  const settings = (text: string) => {
    const path = join(root, 'serve.toml');
    writeFileSync(path, text);
    return path;
  };

  test('retention takes off what the service would, and has it told', async () => {
    const argv = ['retention', '--config', settings(RULES), '--format', '{{.Tag}} {{.Fate}}'];
    const told = '1 removed\n2 kept\nlatest kept\n';
    expect(await serve(...argv, '--dry-run')).toMatchObject({ exitCode: 0, stdout: told });
    expect(await serve(...argv)).toMatchObject({ exitCode: 0, stdout: told });
    await setImmediate();
    expect(await service.listTags('team/app')).toEqual(['2', 'latest']);
    expect(service.notifications.counts()).toMatchObject([{ endpoint: 'hook', waiting: 1 }]);
  });

  test('a collection takes tags off first', async () => {
    const argv = ['gc', '--config', settings(RULES)];
    const dry = await serve(...argv, '--dry-run');
    expect(dry.stdout).toMatch(/^Tags taken off: 1\n/);
    expect(await service.listTags('team/app')).toEqual(['1', '2', 'latest']);
    expect((await serve(...argv)).stdout).toMatch(/^Tags taken off: 1\n/);
    await setImmediate();
    expect(await service.listTags('team/app')).toEqual(['2', 'latest']);
  });

  test.each([
    {
      name: 'a repository beside the rules',
      text: RULES,
      more: ['team'],
      told: 'a repository conflicts with --config, whose rules say what stays',
    },
    {
      name: 'another rule beside them',
      text: RULES,
      more: ['--keep-newest', '3'],
      told: '--keep-newest conflicts with --config, whose rules say what stays',
    },
    { name: 'a file without rules', text: '', more: [], told: 'have no [[retention.rule]]: every tag stays' },
    {
      name: 'a file that is wrong',
      text: '[[retention.rule]]\nkeep-newest = 1\n',
      more: [],
      told: 'serve.toml:1:1: retention.rule.prefix is missing',
    },
  ])('refuses $name', async ({ text, more, told }) => {
    const { exitCode, stderr } = await serve('retention', '--config', settings(text), ...more);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(told);
    expect(await service.listTags('team/app')).toEqual(['1', '2', 'latest']);
  });
});
