import {
  type Digest,
  type Engine,
  type PullRequest,
  type PullResult,
  parseReference,
  type VerbOptions,
  WherryError,
  withDefaultTag,
} from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const TARGET = `sha256:${'b'.repeat(64)}` as Digest;
const LAYER = `sha256:84a4f9c6b13c${'0'.repeat(52)}` as Digest;

function result(ref: PullRequest['ref'], more: Partial<PullResult> = {}): PullResult {
  return {
    ref,
    target: { mediaType: '', digest: TARGET, size: 527 },
    imageId: TARGET,
    status: 'downloaded',
    ...more,
  };
}

/** An engine whose pull brings one layer. */
function engine(more: Partial<PullResult> = {}) {
  const asked: PullRequest[] = [];
  return {
    asked,
    pull: async (request: PullRequest, { onProgress = () => undefined }: VerbOptions = {}) => {
      asked.push(request);
      onProgress({ kind: 'resolved', ref: withDefaultTag(request.ref), target: result(request.ref).target });
      if (more.status !== 'up-to-date')
        for (const phase of ['waiting', 'downloading', 'verifying', 'downloaded', 'done'] as const)
          onProgress({ kind: 'layer', digest: LAYER, phase, current: 1, total: 2 });
      return result(request.ref, more);
    },
  };
}

const LAYER_LINES = [
  '84a4f9c6b13c: Pulling fs layer',
  '84a4f9c6b13c: Verifying Checksum',
  '84a4f9c6b13c: Download complete',
  '84a4f9c6b13c: Pull complete',
];

describe('wherry pull', () => {
  test.each([
    {
      name: 'a tag',
      argv: ['ubuntu:18.04'],
      lines: [
        '18.04: Pulling from library/ubuntu',
        ...LAYER_LINES,
        `Digest: ${TARGET}`,
        'Status: Downloaded newer image for ubuntu:18.04',
        'docker.io/library/ubuntu:18.04',
      ],
    },
    {
      name: 'the default tag',
      argv: ['127.0.0.1:5055/team/app'],
      more: { status: 'up-to-date' } as const,
      lines: [
        'Using default tag: latest',
        'latest: Pulling from team/app',
        `Digest: ${TARGET}`,
        'Status: Image is up to date for 127.0.0.1:5055/team/app:latest',
        '127.0.0.1:5055/team/app:latest',
      ],
    },
    {
      name: 'a tag and a digest',
      argv: [`ubuntu:18.04@${TARGET}`],
      more: { status: 'up-to-date' } as const,
      lines: [
        `docker.io/library/ubuntu@${TARGET}: Pulling from library/ubuntu`,
        `Digest: ${TARGET}`,
        `Status: Image is up to date for ubuntu@${TARGET}`,
        `docker.io/library/ubuntu:18.04@${TARGET}`,
      ],
    },
    {
      name: 'another platform than was asked for',
      argv: ['--platform', 'linux/arm64', 'hello-world:1'],
      more: {
        status: 'up-to-date',
        platformMismatch: {
          wanted: { os: 'linux', architecture: 'arm64' },
          actual: { os: 'linux', architecture: 'amd64' },
        },
      } as const,
      lines: [
        '1: Pulling from library/hello-world',
        `Digest: ${TARGET}`,
        'Status: Image is up to date for hello-world:1',
        'WARNING: image with reference docker.io/library/hello-world was found but does not match the ' +
          'specified platform: wanted linux/arm64, actual: linux/amd64',
        'docker.io/library/hello-world:1',
      ],
    },
    { name: 'quietly', argv: ['-q', 'hello-world'], lines: ['docker.io/library/hello-world:latest'] },
  ])('prints $name as Docker does', async ({ argv, more, lines }) => {
    const outcome = await runCli(['pull', ...argv], { engine: engine(more) });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' });
  });

  test('prints every tag of a repository, and one status', async () => {
    const one = engine();
    const pullAllTags = async (request: PullRequest, options?: VerbOptions) => [
      await one.pull({ ref: { ...request.ref, tag: '1.1' } }, options),
      await one.pull({ ref: { ...request.ref, tag: '1.0' } }, options),
    ];
    const { stdout } = await runCli(['pull', '-a', '127.0.0.1:5055/team/app'], { engine: { pullAllTags } });
    expect(stdout.split('\n').filter((line) => !line.startsWith('84a4'))).toEqual([
      '1.1: Pulling from team/app',
      `Digest: ${TARGET}`,
      '1.0: Pulling from team/app',
      `Digest: ${TARGET}`,
      'Status: Downloaded newer image for 127.0.0.1:5055/team/app',
      '127.0.0.1:5055/team/app',
      '',
    ]);
  });

  test('asks for what the flags and the environment say', async () => {
    const fake = engine({ status: 'up-to-date' });
    await runCli(['pull', '-q', '--all-platforms', 'a'], { engine: fake });
    await runCli(['pull', '-q', 'a'], { engine: fake, env: { DOCKER_DEFAULT_PLATFORM: 'linux/arm/v7' } });
    const ref = withDefaultTag(parseReference('a'));
    expect(fake.asked).toEqual([
      { ref, allPlatforms: true },
      { ref, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
    ]);
  });

  test.each([
    {
      argv: ['Ubuntu'],
      stderr: 'invalid reference format: repository name (library/Ubuntu) must be lowercase\n',
    },
    { argv: ['ubuntu@md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'], stderr: 'unsupported digest algorithm\n' },
    { argv: ['-a', 'x:1'], stderr: "tag can't be used with --all-tags/-a\n" },
  ])('refuses $argv without a prefix', async ({ argv, stderr }) => {
    const outcome = await runCli(['pull', ...argv]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr.startsWith(stderr)).toBe(true);
  });

  test('says what is wrong with a platform after the default tag', async () => {
    const outcome = await runCli(['pull', '--platform', 'a/b/c/d', 'hello-world']);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: 'Using default tag: latest\n' });
    expect(outcome.stderr).toMatch(
      /^Error: "a\/b\/c\/d": cannot parse platform specifier: invalid argument\n/,
    );
  });

  test.each([
    { name: '--disable-content-trust=false', argv: ['--disable-content-trust=false'], env: {} },
    { name: 'DOCKER_CONTENT_TRUST', argv: [], env: { DOCKER_CONTENT_TRUST: '1' } },
    {
      name: '--disable-content-trust=false, whatever the environment says',
      argv: ['--disable-content-trust=false'],
      env: { DOCKER_CONTENT_TRUST: '0' },
    },
  ])('asks for signatures with $name', async ({ argv, env }) => {
    const asked: PullRequest[] = [];
    const pull = async (request: PullRequest) => {
      asked.push(request);
      throw new WherryError('NOT_TRUSTED', 'no key is configured for x:latest', { hint: 'configure one' });
    };
    const outcome = await runCli(['pull', ...argv, 'x'], { env, engine: { pull } });
    expect(asked).toEqual([{ ref: parseReference('x:latest'), verify: true }]);
    expect(outcome).toMatchObject({
      exitCode: 1,
      stdout: 'Using default tag: latest\n',
      stderr: 'Error: no key is configured for x:latest\nconfigure one\n',
    });
  });

  test('tells whose signature was found', async () => {
    const pull: Engine['pull'] = async (request, options) => {
      const digest = `sha256:${'a1'.repeat(32)}` as Digest;
      const { ref } = request;
      const target = { mediaType: 'application/json', digest, size: 1 };
      options?.onProgress?.({ kind: 'resolved', ref, target });
      options?.onProgress?.({ kind: 'verified', ref, digest, keyName: '/keys/cosign.pub' });
      return { ref, target, imageId: digest, status: 'downloaded' };
    };
    const { stdout } = await runCli(['pull', 'x:1'], { engine: { pull } });
    expect(stdout).toContain('1: Pulling from library/x\n1: Verified by /keys/cosign.pub\nDigest: sha256:a1');
  });

  test('takes content trust that is turned off', async () => {
    const setup = { engine: engine(), env: { DOCKER_CONTENT_TRUST: '1' } };
    expect((await runCli(['pull', '--disable-content-trust', '-q', 'x'], setup)).exitCode).toBe(0);
  });

  test('prints a failure with a prefix before the registry has answered, without one after', async () => {
    const error = new WherryError('MANIFEST_UNKNOWN', 'manifest for x:1 not found: manifest unknown');
    const early = await runCli(['pull', 'x:1'], { engine: { pull: () => Promise.reject(error) } });
    expect(early).toMatchObject({ exitCode: 1, stdout: '', stderr: `Error: ${error.message}\n` });
    const one = engine();
    const late = await runCli(['pull', 'x:1'], {
      engine: {
        pull: async (request, options) => {
          await one.pull(request, options);
          throw error;
        },
      },
    });
    expect(late).toMatchObject({ exitCode: 1, stderr: `${error.message}\n` });
  });

  test('explains which endpoints it would ask', async () => {
    const explainPull = async () => [
      {
        url: new URL('http://127.0.0.1:6000/'),
        repository: 'library/ubuntu',
        role: 'mirror',
        reason: 'registry-mirrors',
      } as const,
      {
        url: new URL('https://registry-1.docker.io/'),
        repository: 'library/ubuntu',
        role: 'origin',
        reason: 'Docker Hub',
      } as const,
    ];
    expect(await runCli(['pull', '--explain', 'ubuntu'], { engine: { explainPull } })).toMatchObject({
      exitCode: 0,
      stdout:
        'ubuntu is asked for at, in this order:\n' +
        '1. http://127.0.0.1:6000/v2/library/ubuntu (mirror): registry-mirrors\n' +
        '2. https://registry-1.docker.io/v2/library/ubuntu (origin): Docker Hub\n',
    });
  });

  test.each([
    { status: 'up-to-date', exitCode: 0, words: 'up to date' },
    { status: 'newer', exitCode: 10, words: 'newer image available' },
    { status: 'not-here', exitCode: 10, words: 'not here' },
  ] as const)('--check tells that a name is $status', async ({ status, exitCode, words }) => {
    const asked: unknown[] = [];
    const checkPull = async (request: { ref: PullRequest['ref'] }) => {
      asked.push(request);
      return { ...request, status, registry: TARGET };
    };
    const aloud = await runCli(['pull', '--check', 'ubuntu'], { engine: { checkPull } });
    expect(aloud).toMatchObject({ exitCode, stdout: `ubuntu:latest: ${words}\n`, stderr: '' });
    expect(await runCli(['pull', '--check', '-q', 'ubuntu'], { engine: { checkPull } })).toMatchObject({
      exitCode,
      both: '',
    });
    expect(asked).toEqual(Array(2).fill({ ref: withDefaultTag(parseReference('ubuntu')) }));
  });

  test.each(['--all-tags', '--all-platforms', '--explain', '--platform=linux/arm64'])(
    '--check refuses %s',
    async (flag) => {
      expect(await runCli(['pull', '--check', flag, 'ubuntu'])).toMatchObject({
        exitCode: 1,
        stderr: `--check can't be used with ${flag.split('=', 1)[0]}\n`,
      });
    },
  );

  test('--check fails as a pull does', async () => {
    const error = new WherryError('MANIFEST_UNKNOWN', 'manifest for x:1 not found: manifest unknown');
    const outcome = await runCli(['pull', '--check', 'x:1'], {
      engine: { checkPull: () => Promise.reject(error) },
    });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '', stderr: `Error: ${error.message}\n` });
  });
});
