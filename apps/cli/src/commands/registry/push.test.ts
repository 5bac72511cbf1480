import { type Digest, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const TARGET = { mediaType: '', digest: `sha256:${'b'.repeat(64)}` as Digest, size: 1149 };

function layer(start: string) {
  return { kind: 'layer', digest: `sha256:${start.padEnd(64, '0')}` as Digest } as const;
}

describe('wherry push', () => {
  test('prints what happens to the layers, then the digest', async () => {
    const outcome = await runCli(['push', 'team/app'], {
      engine: {
        push: async ({ ref }, { onProgress = () => undefined } = {}) => {
          onProgress({ kind: 'pushing', ref });
          for (const start of ['aa', 'bb', 'cc']) onProgress({ ...layer(start), phase: 'preparing' });
          onProgress({ ...layer('aa'), phase: 'pushing', current: 1, total: 2 });
          onProgress({ ...layer('bb'), phase: 'mounted', mountedFrom: 'team/base' });
          onProgress({ ...layer('cc'), phase: 'exists' });
          onProgress({ ...layer('aa'), phase: 'pushed' });
          onProgress({ kind: 'tag-pushed', ref, target: TARGET });
          return { ref, target: TARGET };
        },
      },
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout.split('\n')).toEqual([
      'Using default tag: latest',
      'The push refers to repository [docker.io/team/app]',
      'aa0000000000: Preparing',
      'bb0000000000: Preparing',
      'cc0000000000: Preparing',
      'bb0000000000: Mounted from team/base',
      'cc0000000000: Layer already exists',
      'aa0000000000: Pushed',
      `latest: digest: ${TARGET.digest} size: 1149`,
      '',
    ]);
  });

  test('prints the name alone when quiet', async () => {
    const engine = {
      push: async ({ ref }: { ref: { domain: string; path: string } }) => ({ ref, target: TARGET }),
    };
    expect(await runCli(['push', '-q', 'app:1'], { engine })).toMatchObject({
      exitCode: 0,
      stdout: 'docker.io/library/app:1\n',
      stderr: '',
    });
  });

  test('prints a failure without a prefix, behind the repository', async () => {
    const error = new WherryError('TAG_UNKNOWN', 'An image does not exist locally with the tag: x');
    expect(
      await runCli(['push', '-a', 'x'], { engine: { pushAllTags: () => Promise.reject(error) } }),
    ).toMatchObject({
      exitCode: 1,
      stdout: 'The push refers to repository [docker.io/library/x]\n',
      stderr: 'An image does not exist locally with the tag: x\n',
    });
  });

  test.each([
    { argv: ['-a', 'x:1'], stderr: "tag can't be used with --all-tags/-a\n" },
    { argv: ['BAD'], stderr: 'invalid reference format: repository name (library/BAD) must be lowercase\n' },
  ])('refuses $argv', async ({ argv, stderr }) => {
    const outcome = await runCli(['push', ...argv]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr.startsWith(stderr)).toBe(true);
  });
});
