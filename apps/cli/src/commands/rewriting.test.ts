import { type Digest, parseReference, type SquashRequest, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';

const ID = `sha256:${'a'.repeat(64)}` as Digest;

describe('wherry squash', () => {
  const asked: SquashRequest[] = [];
  const engine = {
    squash: async (request: SquashRequest) => {
      asked.push(request);
      return { id: ID };
    },
  };

  test('hands on what was asked for and prints the ID', async () => {
    const args = ['squash', '--from', 'base', '-m', 'why', '-t', 'flat:1', 'app'];
    expect(await runCli(args, { engine })).toMatchObject({ exitCode: 0, both: `${ID}\n` });
    const ref = parseReference('flat:1');
    expect(asked.pop()).toEqual({ image: 'app', from: 'base', message: 'why', ref });
    await runCli(['image', 'squash', 'app'], { engine });
    expect(asked.pop()).toEqual({ image: 'app' });
  });

  test('refuses a bad name, and tells what failed', async () => {
    expect(await runCli(['squash', '-t', 'NO', 'app'], { engine })).toMatchObject({ exitCode: 1 });
    expect(asked).toEqual([]);
    const failing = {
      squash: async () => {
        throw new WherryError('IMAGE_UNKNOWN', 'No such image: app');
      },
    };
    expect(await runCli(['squash', 'app'], { engine: failing })).toMatchObject({
      exitCode: 1,
      stderr: 'Error: No such image: app\n',
    });
  });
});
