import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, type OutdatedResult, openEngine, parseReference, WherryError } from '@wherry/core';
import { type MemoryRegistry, makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliResult, runCli } from '../../testing/run-cli.ts';

const HERE = `sha256:${'a1'.repeat(32)}` as Digest;
const THERE = `sha256:${'b2'.repeat(32)}` as Digest;
const NOTHING: OutdatedResult = { outdated: [], madeHere: [], failures: [] };
const newer = { ref: parseReference('ubuntu:24.04'), here: HERE, registry: THERE };
const failure = {
  registry: 'r.example.com',
  error: new WherryError('UNREACHABLE', 'Head "https://r.example.com/v2/": dial\ntcp \u001b[31m refused'),
};
const TABLE = 'NAME           HERE           REGISTRY\n' + 'ubuntu:24.04   a1a1a1a1a1a1   b2b2b2b2b2b2\n';
const TOLD = 'r.example.com: Head "https://r.example.com/v2/": dial tcp  [31m refused\n';

describe('wherry outdated', () => {
  test.each([
    { name: 'nothing when all is current', result: {}, exitCode: 0, stdout: '', stderr: '' },
    { name: 'what is newer', result: { outdated: [newer] }, exitCode: 10, stdout: TABLE, stderr: '' },
    { name: 'a failure', result: { failures: [failure] }, exitCode: 1, stdout: '', stderr: TOLD },
    {
      name: 'what is newer beside a failure',
      result: { outdated: [newer], failures: [failure] },
      exitCode: 10,
      stdout: TABLE,
      stderr: TOLD,
    },
    {
      name: 'nothing of what was made here',
      result: { madeHere: [parseReference('tiny:1.0')] },
      exitCode: 0,
      stdout: '',
      stderr: '',
    },
  ])('prints $name', async ({ result, exitCode, stdout, stderr }) => {
    const engine = { outdated: async () => ({ ...NOTHING, ...result }) };
    expect(await runCli(['outdated'], { engine })).toMatchObject({ exitCode, stdout, stderr });
  });

  test('asks for the names that are given, and tells of those that were made here', async () => {
    const asked: unknown[] = [];
    const tiny = parseReference('tiny:1.0');
    const outdated = async (request: unknown) => {
      asked.push(request);
      return { ...NOTHING, madeHere: [tiny] };
    };
    const outcome = await runCli(['outdated', 'tiny:1.0', 'ubuntu'], { engine: { outdated } });
    expect(asked).toEqual([{ names: [tiny, parseReference('ubuntu')] }]);
    expect(outcome).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'tiny:1.0: not compared, it was made here\n',
    });
  });

  test('refuses what is no name', async () => {
    const outcome = await runCli(['outdated', 'Ubuntu']);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^invalid reference format: /);
  });
});

describe('with a registry', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'wherry-outdated-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const wherry = (...argv: string[]): Promise<CliResult> =>
    runCli(['--root', join(home, 'store'), ...argv], { openEngine, env: { HOME: home } });

  /** Puts an image that no other release has under a tag. */
  function serve(registry: MemoryRegistry, tag: string, release: string): void {
    const { blobs, image } = makeImageFixture({ layers: [{ release }] });
    for (const bytes of blobs.values()) registry.addBlob('team/app', bytes);
    registry.addManifest('team/app', tag, image.manifest.bytes, image.manifest.descriptor.mediaType);
  }

  test('outdated and pull --check tell before and after a pull', async () => {
    await using registry = await startMemoryRegistry();
    const name = `${registry.host}/team/app:1`;
    serve(registry, '1', 'old');
    expect(await wherry('pull', '--check', name)).toMatchObject({
      exitCode: 10,
      stdout: `${name}: not here\n`,
    });
    await wherry('pull', '-q', name);
    expect(await wherry('outdated')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(await wherry('pull', '--check', name)).toMatchObject({
      exitCode: 0,
      stdout: `${name}: up to date\n`,
    });
    serve(registry, '1', 'new');
    const { exitCode, stdout } = await wherry('outdated', name);
    expect(exitCode).toBe(10);
    expect(stdout).toMatch(new RegExp(`^NAME +HERE +REGISTRY\\n${name} +[0-9a-f]{12} +[0-9a-f]{12}\\n$`));
    expect(await wherry('pull', '--check', name)).toMatchObject({
      exitCode: 10,
      stdout: `${name}: newer image available\n`,
    });
    expect(await wherry('pull', '--check', '-q', name)).toMatchObject({
      exitCode: 10,
      stdout: '',
      stderr: '',
    });
    await wherry('pull', '-q', name);
    expect(await wherry('outdated')).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('both fail when the registry refuses', async () => {
    await using registry = await startMemoryRegistry();
    const name = `${registry.host}/team/app:1`;
    serve(registry, '1', 'old');
    await wherry('pull', '-q', name);
    registry.addFault({ on: 'HEAD manifest', times: 2, status: 403 });
    const denied = `pull access denied for ${registry.host}/team/app, `;
    const checked = await wherry('pull', '--check', name);
    expect(checked).toMatchObject({ exitCode: 1, stdout: '' });
    expect(checked.stderr.startsWith(`Error: ${denied}`)).toBe(true);
    const listed = await wherry('outdated');
    expect(listed).toMatchObject({ exitCode: 1, stdout: '' });
    expect(listed.stderr.startsWith(`${registry.host}: ${denied}`)).toBe(true);
    expect(listed.stderr.match(/\n/g)).toHaveLength(1);
  });
});
