import { type Digest, openEngine, parseReference, type RemoteTag, type TagsRequest } from '@wherry/core';
import { startMemoryRegistry } from '@wherry/core/testing';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const DIGEST = `sha256:${'b'.repeat(64)}` as Digest;
/** The real thing, with nobody's configuration. */
const REAL = { openEngine, env: { HOME: '/nonexistent' } };

/** An engine whose repository has these tags. */
function engine(listed: readonly RemoteTag[] = []) {
  const asked: TagsRequest[] = [];
  return {
    asked,
    tags: async (request: TagsRequest) => {
      asked.push(request);
      return [...listed];
    },
  };
}

describe('wherry tags', () => {
  test('prints a tag a line, and nothing else', async () => {
    const fake = engine([{ tag: '1.1' }, { tag: '1.0-alpine' }]);
    const outcome = await runCli(['tags', 'team/app'], { engine: fake });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '1.1\n1.0-alpine\n', stderr: '', isClosed: true });
    expect(fake.asked).toEqual([
      { repository: parseReference('team/app'), filters: [], sort: 'semver', digests: false },
    ]);
  });

  test('prints nothing for a repository without tags', async () => {
    expect(await runCli(['tags', 'app'], { engine: engine() })).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('prints digests in a second column', async () => {
    const listed = [{ tag: '1.0', digest: DIGEST }, { tag: '1.0-alpine' }];
    const { stdout } = await runCli(['tags', '--digests', 'app'], { engine: engine(listed) });
    expect(stdout).toBe(`1.0          ${DIGEST}\n1.0-alpine   <none>\n`);
  });

  test('asks for what the flags say', async () => {
    const fake = engine();
    const flags = ['--filter', '1.*', '-f', 'latest', '--sort=name', '--limit', '5', '--digests'];
    await runCli(['tags', ...flags, 'app'], { engine: fake });
    const repository = parseReference('app');
    expect(fake.asked).toEqual([
      { repository, filters: ['1.*', 'latest'], sort: 'name', limit: 5, digests: true },
    ]);
  });

  test.each([
    {
      name: 'a name with a tag',
      argv: ['ubuntu:24.04'],
      stderr: 'ubuntu:24.04 is one image: name the repository alone, ubuntu\n',
    },
    {
      name: 'a name with a digest',
      argv: [`ubuntu@${DIGEST}`],
      stderr: `ubuntu@${DIGEST} is one image: name the repository alone, ubuntu\n`,
    },
    {
      name: 'what is no name',
      argv: ['Ubuntu'],
      stderr: /^invalid reference format: repository name \(library\/Ubuntu\) must be lowercase\n/,
    },
    {
      name: 'an order that there is not',
      argv: ['--sort', 'age', 'ubuntu'],
      stderr: '--sort is "age", want semver, name, none\n',
    },
  ])('refuses $name', async ({ argv, stderr }) => {
    const outcome = await runCli(['tags', ...argv]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(stderr);
  });
});

describe('wherry tags, of a registry', () => {
  test('prints no escape sequence of hostile tags', async () => {
    const body = JSON.stringify({ tags: ['1.0', '\u009b31m\u001b[2J', '2.0\n3.0', '\u202e1.0'] });
    await using registry = await startMemoryRegistry({ faults: [{ on: 'GET tags', status: 200, body }] });
    const outcome = await runCli(['tags', `${registry.host}/team/app`], REAL);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '1.0\n' });
    expect(outcome.stderr).toBe(
      `WARNING: ${registry.host}/team/app: left out 3 names that are no tags, " 31m\\u001b[2J"\n`,
    );
  });

  test.each([
    { name: 'has no such repository', fault: [], stderr: /^Error: repository \S+\/team\/app not found: / },
    {
      name: 'refuses',
      fault: [{ on: 'GET tags', status: 403 }],
      stderr: /^Error: pull access denied for \S+\/team\/app, /,
    },
  ])('fails when it $name', async ({ fault, stderr }) => {
    await using registry = await startMemoryRegistry({ faults: fault });
    const outcome = await runCli(['tags', `${registry.host}/team/app`], REAL);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(stderr);
  });

  test('says that a limit must be one', async () => {
    const outcome = await runCli(['tags', '--limit', '0', 'ubuntu'], REAL);
    expect(outcome).toMatchObject({ exitCode: 1, stderr: 'Error: limit is 0, want at least 1\n' });
  });
});
