import {
  type ConvertRequest,
  type Digest,
  parseReference,
  type SquashRequest,
  type VerbOptions,
  WherryError,
} from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

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

describe('wherry convert', () => {
  const asked: ConvertRequest[] = [];
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: ID, size: 1 };
  const engine = {
    convert: async (request: ConvertRequest, options?: VerbOptions) => {
      asked.push(request);
      options?.onProgress?.({ kind: 'warning', message: 'careful' });
      return { id: ID, target, ...(request.ref && { ref: request.ref }) };
    },
  };

  test('hands on what was asked for and tells the result', async () => {
    const args = ['convert', '--compression', 'zstd', '--level', '9', '-t', 'app:zstd', 'app'];
    expect(await runCli(args, { engine })).toMatchObject({
      exitCode: 0,
      stdout: `Converted image: app:zstd\nDigest: ${ID}\n`,
      stderr: 'WARNING: careful\n',
    });
    const ref = parseReference('app:zstd');
    expect(asked.pop()).toEqual({ image: 'app', compression: 'zstd', level: 9, ref });
    expect(await runCli(['image', 'convert', '--compression', 'none', 'app'], { engine })).toMatchObject({
      stdout: `Converted image ID: ${ID}\nDigest: ${ID}\n`,
    });
    expect(asked.pop()).toEqual({ image: 'app', compression: 'none' });
  });

  test.each([
    { args: [], message: 'say how to compress the layers: --compression gzip, zstd or none' },
    { args: ['--compression', 'xz'], message: 'invalid compression "xz": want gzip, zstd or none' },
  ])('refuses $args', async ({ args, message }) => {
    expect(await runCli(['convert', ...args, 'app'], { engine })).toMatchObject({
      exitCode: 1,
      stderr: `${message}\n`,
    });
    expect(asked).toEqual([]);
  });
});
