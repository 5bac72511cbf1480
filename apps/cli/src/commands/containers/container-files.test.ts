import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerVerbs, type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const TTY = { columns: 80, rows: 24 };

/** An engine whose verbs on containers note what they are asked. */
function engineWith(verbs: Partial<ContainerVerbs>): Partial<Engine> {
  return { containers: verbs as ContainerVerbs };
}

async function* bytes(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

describe('wherry cp', () => {
  const asked: unknown[] = [];
  const result = { contentBytes: 3, transferredBytes: 2048, target: '/where' };
  const engine = engineWith({
    copyIn: async (request) => {
      asked.push(request);
      return result;
    },
    copyOut: async (request) => {
      asked.push(request);
      return result;
    },
    copyOutArchive: (request) => {
      asked.push(request);
      return bytes('t', 'ar');
    },
  });

  test.each([
    { argv: ['', 'x'], message: 'source can not be empty' },
    { argv: ['x', ''], message: 'destination can not be empty' },
    { argv: ['a', 'b'], message: 'must specify at least one container source' },
    { argv: ['./c:a', '/c:b'], message: 'must specify at least one container source' },
    { argv: [':a', 'b'], message: 'must specify at least one container source' },
    { argv: ['c:a', 'd:b'], message: 'copying between containers is not supported' },
  ])('refuses $argv: $message', async ({ argv, message }) => {
    expect(await runCli(['cp', ...argv], { engine })).toMatchObject({ exitCode: 1, stderr: `${message}\n` });
  });

  test.each([
    {
      argv: ['c:/a:b', './x:y'],
      want: { container: 'c', path: '/a:b', followLink: false, target: './x:y', keepOwners: false },
    },
    {
      argv: ['-a', '-L', 'c:d', 'x'],
      want: { container: 'c', path: 'd', followLink: true, target: 'x', keepOwners: true },
    },
    {
      argv: ['-a', 'x', 'c:d'],
      want: { container: 'c', path: 'd', source: { path: 'x', followLink: false }, keepOwners: true },
    },
  ])('asks for what $argv mean', async ({ argv, want }) => {
    asked.length = 0;
    const outcome = await runCli(['container', 'cp', ...argv], { engine });
    expect([outcome.exitCode, outcome.stderr, asked]).toEqual([0, '', [want]]);
  });

  test('says how much it was where somebody reads it, or wants it', async () => {
    const line = 'Successfully copied 3B (transferred 2.05kB) to';
    const toFile = await runCli(['cp', '--quiet=false', 'c:/a', 'x'], { engine });
    expect(toFile.stderr).toBe(`${line} /where\n`);
    const toTerminal = await runCli(['cp', 'x', 'c:/a'], { engine, tty: TTY });
    expect(toTerminal.stderr).toBe(`${line} c:/where\n`);
    expect((await runCli(['cp', '-q', 'x', 'c:/a'], { engine, tty: TTY })).stderr).toBe('');
  });

  test('writes an archive to standard output', async () => {
    expect((await runCli(['cp', 'c:/a', '-'], { engine })).stdout).toBe('tar');
  });

  test('says without a prefix what is wrong with how it was asked', async () => {
    const failing = (details: object) =>
      engineWith({
        copyIn: async () => {
          throw new WherryError('INVALID_ARGUMENT', 'no such directory', { details: { ...details } });
        },
      });
    const usage = await runCli(['cp', 'x', 'c:/a'], { engine: failing({ isUsage: true }) });
    expect([usage.exitCode, usage.stderr]).toEqual([1, 'no such directory\n']);
    const other = await runCli(['cp', 'x', 'c:/a'], { engine: failing({}) });
    expect(other.stderr).toBe('Error: no such directory\n');
  });
});

test('wherry diff has a letter for each change', async () => {
  const engine = engineWith({
    diff: async () => [
      { path: '/etc', kind: 'modified' },
      { path: '/etc/new', kind: 'added' },
      { path: '/etc/\u001b[2Jold', kind: 'deleted' },
    ],
  });
  const { stdout } = await runCli(['diff', 'c'], { engine });
  expect(stdout).toBe('C /etc\nA /etc/new\nD /etc/\u001b[2Jold\n');
  expect((await runCli(['diff', 'c'], { engine, tty: TTY })).stdout).toContain('D /etc/ [2Jold\n');
});

describe('wherry export', () => {
  const engine = engineWith({ export: () => bytes('t', 'ar') });

  test('writes to standard output, unless it is a terminal, and to a file', async () => {
    expect((await runCli(['export', 'c'], { engine })).stdout).toBe('tar');
    expect(await runCli(['export', 'c'], { engine, tty: TTY })).toMatchObject({
      exitCode: 1,
      stderr: 'cowardly refusing to save to a terminal. Use the -o flag or redirect\n',
    });
    const directory = mkdtempSync(join(tmpdir(), 'wherry-export-'));
    try {
      await runCli(['export', '-o', join(directory, 'x.tar'), 'c'], { engine });
      expect(readFileSync(join(directory, 'x.tar'), 'utf8')).toBe('tar');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each([
    { path: '/nodir/x', message: 'invalid output path: stat /nodir: no such file or directory' },
    { path: '/', message: 'cannot write to a directory' },
  ])('refuses $path', async ({ path, message }) => {
    const { exitCode, stderr } = await runCli(['export', '-o', path, 'c'], { engine });
    expect([exitCode, stderr]).toEqual([1, `failed to export container: ${message}\n`]);
  });
});
