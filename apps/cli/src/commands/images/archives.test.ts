import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Digest,
  type Engine,
  type ImportRequest,
  type LoadRequest,
  parseReference,
  type SaveRequest,
  WherryError,
} from '@wherry/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const ID = `sha256:${'a'.repeat(64)}` as Digest;
const TTY = { columns: 120, rows: 40 };

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-cli-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('wherry save', () => {
  const asked: SaveRequest[] = [];
  const engine = {
    save: async function* (request: SaveRequest) {
      asked.push(request);
      yield Buffer.from('arch');
      yield Buffer.from('ive');
    },
  };
  const failing = {
    save: async function* () {
      yield Buffer.from('arch');
      throw new WherryError('IMAGE_UNKNOWN', 'reference does not exist');
    },
  };

  test('writes to standard output', async () => {
    expect(await runCli(['save', 'a', 'b'], { engine })).toMatchObject({
      exitCode: 0,
      stdout: 'archive',
      stderr: '',
    });
    expect(asked.pop()).toEqual({ images: ['a', 'b'] });
  });

  test('writes to a file that only its owner can read, in place of an old one', async () => {
    const path = join(directory, 'x.tar');
    await writeFile(path, 'an older and longer file', { mode: 0o644 });
    expect(await runCli(['save', '--uncompressed', '-o', path, 'a'], { engine })).toMatchObject({
      exitCode: 0,
      both: '',
    });
    expect(await readFile(path, 'utf8')).toBe('archive');
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(asked.pop()).toEqual({ images: ['a'], uncompressed: true });
  });

  test('hands on what somebody has already', async () => {
    await runCli(['save', '--since', 'base', '--since', './old.tar', 'a'], { engine });
    expect(asked.pop()).toEqual({ images: ['a'], since: ['base', './old.tar'] });
  });

  test('leaves nothing behind when it fails, and an old file as it was', async () => {
    const path = join(directory, 'x.tar');
    await writeFile(path, 'old');
    expect(await runCli(['save', '-o', path, 'a'], { engine: failing })).toMatchObject({
      exitCode: 1,
      stderr: 'Error: reference does not exist\n',
    });
    expect(await readdir(directory)).toEqual(['x.tar']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('refuses a terminal, a directory and what lies in none', async () => {
    expect(await runCli(['save', 'a'], { tty: TTY })).toMatchObject({
      exitCode: 1,
      both: 'cowardly refusing to save to a terminal. Use the -o flag or redirect\n',
    });
    expect((await runCli(['save', '-o', directory, 'a'])).stderr).toBe(
      'failed to save image: cannot write to a directory\n',
    );
    expect((await runCli(['save', '-o', join(directory, 'no', 'x'), 'a'])).stderr).toBe(
      `failed to save image: invalid output path: directory "${join(directory, 'no')}" does not exist\n`,
    );
  });

  test.skipIf(process.platform === 'win32')('refuses a device', async () => {
    expect((await runCli(['save', '-o', '/dev/null', 'a'])).stderr).toBe(
      'failed to save image: cannot write to a character device file\n',
    );
  });
});

describe('wherry load', () => {
  const asked: LoadRequest[] = [];
  const engine = {
    load: async (
      request: LoadRequest,
      { onProgress = () => undefined }: { onProgress?: (event: never) => void } = {},
    ) => {
      asked.push(request);
      const emit = onProgress as (event: object) => void;
      emit({ kind: 'layer', digest: ID, phase: 'loading', current: 1, total: 2 });
      emit({ kind: 'image-loaded', ref: parseReference('ubuntu:18.04'), id: ID });
      emit({ kind: 'image-loaded', id: ID });
      return [];
    },
  };
  const lines = `Loaded image: ubuntu:18.04\nLoaded image ID: ${ID}\n`;

  test('names every image, and shows layers on a terminal only', async () => {
    expect(await runCli(['load', '-i', 'x.tar'], { engine })).toMatchObject({ exitCode: 0, both: lines });
    expect(asked.pop()).toEqual({ from: 'x.tar' });
    expect((await runCli(['load', '-i', 'x.tar'], { engine, tty: TTY })).both).toContain(
      'aaaaaaaaaaaa: Loading layer [',
    );
    expect((await runCli(['load', '-qi', 'x.tar'], { engine, tty: TTY })).both).toBe(lines);
  });

  test('reads standard input, unless that is a terminal', async () => {
    await runCli(['load'], { engine, stdin: 'tar' });
    const { from } = asked.pop() ?? {};
    let read = '';
    for await (const chunk of from as AsyncIterable<Uint8Array>) read += chunk;
    expect(read).toBe('tar');
    expect(await runCli(['load'], { tty: TTY })).toMatchObject({
      exitCode: 1,
      both: 'requested load from stdin, but stdin is empty\n',
    });
  });

  test('prints a failure without a prefix', async () => {
    const load = () => Promise.reject(new WherryError('TRUNCATED', 'unexpected EOF'));
    expect(await runCli(['load', '-i', 'x'], { engine: { load } })).toMatchObject({
      exitCode: 1,
      both: 'unexpected EOF\n',
    });
  });
});

test('wherry load prints what is wrong with the command line with a prefix', async () => {
  const load = async () => {
    throw new WherryError('INVALID_ARGUMENT', 'read /tmp: is a directory');
  };
  expect(await runCli(['load', '-i', '/tmp'], { engine: { load } })).toMatchObject({
    exitCode: 1,
    stderr: 'Error: read /tmp: is a directory\n',
  });
});

describe('wherry import', () => {
  const asked: ImportRequest[] = [];
  const engine = {
    import: async (request: ImportRequest) => {
      asked.push(request);
      return { id: ID };
    },
  };

  test('asks for what the flags say', async () => {
    const argv = [
      '-c',
      'CMD ["a"]',
      '-c',
      'ENV A=1',
      '-m',
      'note',
      '--platform',
      'linux/arm64',
      'x.tar',
      'imp:1',
    ];
    expect(await runCli(['import', ...argv], { engine })).toMatchObject({ exitCode: 0, both: `${ID}\n` });
    expect(asked.pop()).toEqual({
      from: 'x.tar',
      ref: { domain: 'docker.io', path: 'library/imp', tag: '1' },
      changes: ['CMD ["a"]', 'ENV A=1'],
      message: 'note',
      platform: { os: 'linux', architecture: 'arm64' },
    });
  });

  test('says where it downloads from, once the server has answered', async () => {
    const url = 'http://127.0.0.1:5059/x.tar';
    const fetch: Engine['import'] = (request, options) => {
      options?.onProgress?.({ kind: 'fetching', url });
      return engine.import(request);
    };
    expect((await runCli(['import', url], { engine: { import: fetch } })).both).toBe(
      `Downloading from ${url}\n${ID}\n`,
    );
    const refuse = () => Promise.reject(new WherryError('FILE_NOT_FOUND', `failed to GET ${url}`));
    expect((await runCli(['import', url], { engine: { import: refuse } })).both).toBe(
      `Error: failed to GET ${url}\n`,
    );
  });

  test('prints what is wrong with a name or a file without a prefix', async () => {
    expect((await runCli(['import', 'x.tar', 'BAD:x'])).both).toMatch(
      /^invalid reference format: repository name/,
    );
    const open = () =>
      Promise.reject(new WherryError('FILE_NOT_FOUND', 'open x.tar: no such file or directory'));
    expect((await runCli(['import', 'x.tar'], { engine: { import: open } })).both).toBe(
      'open x.tar: no such file or directory\n',
    );
  });
});
