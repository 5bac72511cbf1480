import { type CopyRequest, type Digest, openEngine, parseReference, WherryError } from '@wherry/core';
import { startMemoryRegistry } from '@wherry/core/testing';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const DIGEST = `sha256:${'b'.repeat(64)}` as Digest;
const DESCRIPTOR = { mediaType: '', digest: DIGEST, size: 7 };
const REAL = { openEngine, env: { HOME: '/nonexistent' } };

/** An engine that copies at once. */
function engine() {
  const asked: CopyRequest[] = [];
  return {
    asked,
    copy: async (request: CopyRequest) => {
      asked.push(request);
      return { target: request.target, descriptor: DESCRIPTOR };
    },
  };
}

describe('wherry copy', () => {
  test('prints what happens to the layers, then the target with its digest', async () => {
    const layer = (start: string) =>
      ({ kind: 'layer', digest: `sha256:${start.padEnd(64, '0')}` as Digest }) as const;
    const outcome = await runCli(['copy', 'a.example/app:1', 'b.example/app'], {
      engine: {
        copy: async ({ target }, { onProgress = () => undefined } = {}) => {
          for (const start of ['aa', 'bb', 'cc']) onProgress({ ...layer(start), phase: 'waiting' });
          onProgress({ ...layer('aa'), phase: 'pushing', current: 1, total: 2 });
          onProgress({ ...layer('aa'), phase: 'pushed' });
          onProgress({ ...layer('bb'), phase: 'exists' });
          onProgress({ ...layer('cc'), phase: 'mounted', mountedFrom: 'team/base' });
          onProgress({ kind: 'warning', message: 'left out' });
          return { target, descriptor: DESCRIPTOR };
        },
      },
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: 'WARNING: left out\n' });
    expect(outcome.stdout.split('\n')).toEqual([
      'aa0000000000: Waiting',
      'bb0000000000: Waiting',
      'cc0000000000: Waiting',
      'aa0000000000: Copied',
      'bb0000000000: Already exists',
      'cc0000000000: Mounted from team/base',
      `b.example/app:latest@${DIGEST}`,
      '',
    ]);
  });

  test('asks for what the flags say', async () => {
    const fake = engine();
    const flags = ['--platform', 'linux/amd64,linux/arm64', '--platform=linux/s390x', '--referrers', '-q'];
    const outcome = await runCli(['copy', ...flags, 'docker://app:1', 'oci:dir:1', '--jobs', '2'], {
      engine: fake,
    });
    expect(outcome.stdout).toBe(`oci:dir:1@${DIGEST}\n`);
    expect(outcome.opened[0]?.jobs).toBe(2);
    const linux = { os: 'linux' };
    expect(fake.asked).toEqual([
      {
        source: { kind: 'registry', ref: parseReference('app:1') },
        target: { kind: 'oci', path: 'dir', name: '1' },
        platforms: ['amd64', 'arm64', 's390x'].map((architecture) => ({ ...linux, architecture })),
        referrers: true,
      },
    ]);
  });

  test('copies every platform when nothing is said', async () => {
    const fake = engine();
    await runCli(['copy', 'app', 'b.example/app'], {
      engine: fake,
      env: { DOCKER_DEFAULT_PLATFORM: 'linux/s390x' },
    });
    await runCli(['copy', '--all-platforms', 'app', 'b.example/app'], { engine: fake });
    expect(fake.asked.map(({ platforms, referrers }) => [platforms, referrers])).toEqual([
      [[], false],
      [[], false],
    ]);
  });

  test.each([
    { argv: ['app', 'BAD'], stderr: 'invalid reference format' },
    { argv: ['oci:', 'app'], stderr: '"oci:" has no path: want oci:PATH[:TAG]' },
    { argv: ['--platform', 'a/b/c/d', 'app', 'b.example/app'], stderr: '"a/b/c/d"' },
    {
      argv: ['--platform', 'linux/arm', '--all-platforms', 'app', 'b.example/app'],
      stderr: "--platform can't be used with --all-platforms",
    },
  ])('refuses $argv', async ({ argv, stderr }) => {
    const outcome = await runCli(['copy', ...argv]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain(stderr);
  });

  test('prints a failure with its hint, and no target', async () => {
    const error = new WherryError('DENIED', 'denied: no', { hint: 'log in' });
    const outcome = await runCli(['copy', 'app', 'b.example/app'], {
      engine: { copy: () => Promise.reject(error) },
    });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain('denied: no');
  });
});

describe('--remote', () => {
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };

  /** A registry with an image of one config, under two tags. */
  async function serve(deletes: 'tags' | 'digests' | 'nothing' = 'tags') {
    const registry = await startMemoryRegistry({ deletes });
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    const described = registry.addBlob('app', Buffer.from(JSON.stringify(config)), mediaType);
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 1234 };
    const document = { schemaVersion: 2, config: described, layers: [layer] };
    const target = registry.addManifest('app', '1', document);
    registry.addManifest('app', '2', document);
    return { registry, target, id: described.digest, name: `${registry.host}/app` };
  }

  test('tags in the registry', async () => {
    const { registry, target, name } = await serve();
    await using _ = registry;
    expect(await runCli(['tag', '--remote', `${name}:1`, `${name}:stable`], REAL)).toMatchObject({
      exitCode: 0,
      stdout: `${name}:stable@${target.digest}\n`,
    });
    expect(registry.tags('app')).toEqual(['1', '2', 'stable']);
  });

  test('deletes in the registry, and tells what went', async () => {
    const { registry, target, name } = await serve('digests');
    await using _ = registry;
    const refused = await runCli(['rmi', '--remote', `${name}:1`, `${name}:nosuch`], REAL);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr.split('\n')).toEqual([
      expect.stringMatching(/^Error: conflict: unable to delete .*:1 \(must be forced\) - .* other tags: 2$/),
      `Error: manifest for ${name}:nosuch not found: manifest unknown: manifest unknown`,
      '',
    ]);
    expect(await runCli(['rmi', '--remote', '--force', `${name}:1`], REAL)).toMatchObject({
      exitCode: 0,
      stdout: `Untagged: ${name}:1\nUntagged: ${name}:2\nDeleted: ${target.digest}\n`,
    });
  });

  test('says in one line that nothing can be deleted', async () => {
    const { registry, name } = await serve('nothing');
    await using _ = registry;
    expect(await runCli(['rmi', '--remote', `${name}:1`], REAL)).toMatchObject({
      exitCode: 1,
      stderr: `Error: unable to delete ${name}:1: ${registry.host} does not allow deletion\n`,
    });
  });

  test('inspects in the registry, with what it knows', async () => {
    const { registry, id, target, name } = await serve();
    await using _ = registry;
    const { stdout } = await runCli(['inspect', '--remote', `${name}:1`], REAL);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        Id: id,
        RepoTags: [`${name}:1`],
        RepoDigests: [`${name}@${target.digest}`],
        Os: 'linux',
        CompressedSize: 1234,
        RootFS: { Type: 'layers' },
        Descriptor: target,
      },
    ]);
    expect(stdout).not.toContain('"Size"');
    const format = ['image', 'inspect', '--remote', '-f'];
    expect(
      await runCli([...format, '{{.Architecture}} {{.CompressedSize}}', `${name}:1`], REAL),
    ).toMatchObject({
      exitCode: 0,
      stdout: 'amd64 1234\n',
    });
    const unknown = await runCli([...format, '{{.Size}}', `${name}:1`], REAL);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '\n' });
    expect(unknown.stderr).toContain('"Size"');
  });

  test('tells what it could not inspect after what it could', async () => {
    const { registry, name } = await serve();
    await using _ = registry;
    const outcome = await runCli(
      ['inspect', '--remote', '-f', '{{.Os}}', `${name}:0`, 'BAD', `${name}:1`],
      REAL,
    );
    expect(outcome).toMatchObject({ exitCode: 1, stdout: 'linux\n' });
    expect(outcome.stderr.split('\n')).toHaveLength(3);
  });

  test.each([
    { argv: ['rmi', '--remote', '--no-prune', 'x'], stderr: "--no-prune can't be used with --remote\n" },
    { argv: ['inspect', '--remote', '-s', 'x'], stderr: "--size can't be used with --remote\n" },
    {
      argv: ['inspect', '--remote', '--type', 'volume', 'x'],
      stderr: '--remote finds images, not objects of type "volume"\n',
    },
    {
      argv: ['inspect', '--platform', 'linux/arm', 'x'],
      stderr: '--platform can only be used with --remote\n',
    },
    {
      argv: ['tag', '--remote', 'a.example/app', 'b.example/app'],
      stderr: 'b.example/app:latest is in another registry',
    },
    {
      argv: ['tag', '--remote', 'app:1', `app@${DIGEST}`],
      stderr: 'refusing to create a tag with a digest reference',
    },
  ])('refuses $argv', async ({ argv, stderr }) => {
    const outcome = await runCli(argv, REAL);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain(stderr);
  });
});
