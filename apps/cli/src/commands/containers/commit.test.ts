import { type CommitRequest, type Digest, parseReference, WherryError } from '@wherry/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const ID = `sha256:${'a'.repeat(64)}` as Digest;

describe('wherry commit', () => {
  let asked: CommitRequest[];
  const engine = {
    commit: async (request: CommitRequest) => {
      asked.push(request);
      return { id: ID };
    },
  };
  beforeEach(() => {
    asked = [];
  });

  test('hands on what was asked for and prints the ID', async () => {
    const args = ['commit', '-a', 'me', '-m', 'why', '-c', 'ENV A=1', '--change', 'USER app', 'c1', 'new'];
    expect(await runCli(args, { engine })).toMatchObject({ exitCode: 0, both: `${ID}\n` });
    expect(asked).toEqual([
      {
        ...{ container: 'c1', ref: parseReference('new:latest'), author: 'me', message: 'why', pause: true },
        changes: ['ENV A=1', 'USER app'],
      },
    ]);
  });

  test.each([['--no-pause'], ['--pause=false'], ['-p=false']])('%s lets the container run', async (flag) => {
    await runCli(['container', 'commit', flag, 'c1'], { engine });
    expect(asked).toEqual([{ container: 'c1', changes: [], pause: false }]);
  });

  test('has a result for --format', async () => {
    const args = ['commit', '--format', '{{.ID}} {{.Name}}', 'c1', 'new:2'];
    expect(await runCli(args, { engine })).toMatchObject({ stdout: `${ID} new:2\n` });
  });

  test.each([
    {
      name: 'BAD:x',
      stderr: /^invalid reference format: repository name \(library\/BAD\) must be lowercase\n/,
    },
    {
      name: `x@sha256:${'a'.repeat(64)}`,
      stderr: /^refusing to create a tag with a digest reference\n/,
    },
  ])('refuses the name $name before the engine is asked', async ({ name, stderr }) => {
    expect(await runCli(['commit', 'c1', name], { engine })).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringMatching(stderr) },
    });
    expect(asked).toEqual([]);
  });

  test('tells what failed', async () => {
    const failing = {
      commit: async () => {
        throw new WherryError('CONTAINER_UNKNOWN', 'No such container: nosuch');
      },
    };
    expect(await runCli(['commit', 'nosuch'], { engine: failing })).toMatchObject({
      exitCode: 1,
      stderr: 'Error: No such container: nosuch\n',
    });
  });
});
