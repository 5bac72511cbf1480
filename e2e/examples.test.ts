import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const MAX_LINES = 40;

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'));
const index = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'wherry-examples-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Runs an example with a store and a configuration of its own. Not synchronously: the registry is in this process. */
function run(example: string, ...args: string[]): Promise<Result> {
  const env = { PATH: process.env.PATH, HOME: place, WHERRY_ROOT: join(place, 'store') };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(EXAMPLES, example), ...args],
      { cwd: place, env },
      (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

/** A registry that has `team/app:1.0`. */
async function startRegistry() {
  const registry = await startMemoryRegistry();
  const { image, blobs } = makeImageFixture({ layers: [{ 'etc/one': '1\n' }, { 'etc/two': '2\n' }] });
  for (const bytes of blobs.values()) registry.addBlob('team/app', bytes);
  registry.addManifest('team/app', '1.0', image.manifest.bytes, image.manifest.descriptor.mediaType);
  return registry;
}

describe('the examples', () => {
  test.each(names)('%s is short and stands in the list', (name) => {
    expect(readFileSync(join(EXAMPLES, name), 'utf8').split('\n').length).toBeLessThanOrEqual(MAX_LINES);
    expect(index).toContain(`(${name})`);
  });

  test('pull an image and list it', async () => {
    await using registry = await startRegistry();
    const name = `${registry.host}/team/app:1.0`;
    const result = await run('pull-and-list.ts', name);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toContain('downloaded: sha256:');
    expect(result.stdout.match(/: done\n/g)).toHaveLength(2);
    expect(result.stdout).toContain(`${name}\tamd64\t4 bytes\n`);
    expect((await run('pull-and-list.ts', name)).stdout).toContain('up-to-date: sha256:');
  });

  test('read a reference', async () => {
    expect(await run('read-reference.ts', 'ubuntu', 'ghcr.io/org/app:1.2')).toEqual({
      status: 0,
      stderr: '',
      stdout:
        'ubuntu: registry docker.io, repository library/ubuntu, tag latest\n' +
        '  in full docker.io/library/ubuntu:latest, for people ubuntu:latest\n' +
        'ghcr.io/org/app:1.2: registry ghcr.io, repository org/app, tag 1.2\n' +
        '  in full ghcr.io/org/app:1.2, for people ghcr.io/org/app:1.2\n',
    });
  });

  test('import files, save the image, load it elsewhere and push it', async () => {
    await using registry = await startMemoryRegistry();
    const imported = await run('import-files.ts', 'hello:1.0');
    expect(imported).toMatchObject({ status: 0, stderr: '' });
    const id = imported.stdout.trim();
    expect(await run('save-and-load.ts', 'hello:1.0', 'hello.tar', 'other')).toEqual({
      status: 0,
      stderr: '',
      stdout: `hello:1.0: ${id}\n`,
    });
    const pushed = await run('push.ts', 'hello:1.0', `${registry.host}/team/hello:1.0`);
    expect(pushed).toMatchObject({ status: 0, stderr: '' });
    expect(pushed.stdout).toContain(`${registry.host}/team/hello:1.0: sha256:`);
    expect(registry.hasBlob('team/hello', id)).toBe(true);
  });

  test('build an image', async () => {
    mkdirSync(join(place, 'site'));
    writeFileSync(join(place, 'site', 'index.html'), '<h1>Hello</h1>\n');
    const built = await run('build.ts', 'site', 'team/site:1.0');
    expect(built).toMatchObject({ status: 0, stderr: '' });
    expect(built.stdout).toMatch(
      /^3\/4 COPY \. \/site\/\n4\/4 LABEL owner=\$OWNER\nteam\/site:1\.0 is sha256:/m,
    );
    expect((await run('build.ts', 'site', 'team/site:1.0')).stdout).toContain('  as in an earlier build\n');
  });

  test('tell failures apart', async () => {
    await using registry = await startMemoryRegistry();
    const unknown = await run('handle-errors.ts', `${registry.host}/team/nosuch`);
    expect(unknown).toMatchObject({ status: 1, stderr: '' });
    expect(unknown.stdout).toContain('there is no such image\nMANIFEST_UNKNOWN: ');

    await using closed = await startMemoryRegistry({
      auth: { kind: 'basic', username: 'ada', password: 'secret' },
    });
    expect((await run('handle-errors.ts', `${closed.host}/team/app`)).stdout).toContain('log in first');
  });

  test('read a layer', async () => {
    const [layer] = makeImageFixture({ layers: [{ 'etc/one': '1\n' }] }).layers;
    if (!layer) throw new Error('the fixture has a layer');
    writeFileSync(join(place, 'layer.tar'), layer.tar);
    const result = await run('read-layer.ts', 'layer.tar');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toContain(`diffID ${layer.diffID}, ${layer.tar.length} bytes`);
    expect(result.stdout).toContain('file\t2\tetc/one\n');
  });
});
