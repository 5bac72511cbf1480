import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliSetup, NOW, runCli } from '../../testing/run-cli.ts';

let root: string;
let env: Record<string, string>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-accounts-'));
  env = { WHERRY_ROOT: join(root, 'store'), HOME: root };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const serve = (args: readonly string[], setup: CliSetup = {}) =>
  runCli(['serve', ...args], { env, ...setup });

describe('wherry serve users', () => {
  test('adds, lists and removes accounts', async () => {
    const add = (stdin: string) => serve(['users', 'add', 'ada', '--password-stdin'], { stdin });
    expect(await add('secret\n')).toMatchObject({ exitCode: 0, stdout: 'Added ada\n', opened: [] });
    expect(await add('other\n')).toMatchObject({ exitCode: 0, stdout: 'Changed the password of ada\n' });
    await serve(['users', 'add', '--password-stdin', 'Bob'], { stdin: 'x' });
    expect((await serve(['users', 'list'])).stdout).toBe('NAME\nBob\nada\n');
    expect((await serve(['users', 'ls', '--format', 'json'])).stdout).toBe(
      '{"Name":"Bob"}\n{"Name":"ada"}\n',
    );
    expect(await serve(['users', 'rm', 'Bob'])).toMatchObject({ exitCode: 0, stdout: 'Removed Bob\n' });
    expect((await serve(['users', 'list', '--format', '{{.Name}}'])).stdout).toBe('ada\n');
  });

  test.each([
    { name: 'an empty password', args: ['add', 'ada', '--password-stdin'], stderr: 'password is empty' },
    {
      name: 'a name with a colon',
      args: ['add', 'a:b', '--password-stdin'],
      stdin: 'x',
      stderr: '"a:b" is no name',
    },
    { name: 'no terminal to ask at', args: ['add', 'ada'], stderr: 'use --password-stdin' },
    { name: 'an account that is none', args: ['remove', 'eve'], stderr: 'no account "eve"' },
    {
      name: 'a settings file that is none',
      args: ['list', '--access', '/nowhere.toml'],
      stderr: '/nowhere.toml: there is no such file',
    },
    { name: 'no name', args: ['add'], stderr: "'wherry serve users add' requires 1 argument" },
    { name: 'another command', args: ['fly'], stderr: 'unknown command: wherry serve users fly' },
  ])('refuses $name', async ({ args, stdin = '', stderr }) => {
    const outcome = await serve(['users', ...args], { stdin });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain(stderr);
  });
});

describe('wherry serve token', () => {
  test('prints a token once, and tells of it without it', async () => {
    const args = ['token', 'create', '--name', 'ci', '--expires', '24h'];
    const { stdout } = await serve([...args, '--allow', 'pull,push:team/*', '--allow', 'engine']);
    expect(stdout).toMatch(/^wherry_[\w-]{43}\n$/);
    const listed = (
      await serve(['token', 'list', '--format', '{{.Name}} {{.CreatedAt}} {{.ExpiresAt}} {{.Allow}}'])
    ).stdout;
    const end = new Date(NOW.getTime() + 24 * 3_600_000).toISOString();
    expect(listed).toBe(`ci ${NOW.toISOString()} ${end} pull,push:team/* engine\n`);
    const id = (await serve(['token', 'list', '--format', '{{.ID}}'])).stdout.trim();
    expect(await serve(['token', 'remove', id])).toMatchObject({ exitCode: 0, stdout: `Removed ${id}\n` });
    expect((await serve(['token', 'list', '--format', 'json'])).stdout).toBe('');
  });

  test('may last', async () => {
    await serve(['token', 'create', '--allow', 'pull:*', '--expires', 'never']);
    expect((await serve(['token', 'list'])).stdout).toMatch(/^ID .*\n\w{8} +ci +\S+ +never +pull:\*\n$/);
  });

  test.each([
    { name: 'a token that may do nothing', args: [], stderr: 'say what with --allow' },
    { name: 'a right that is none', args: ['--allow', 'fly:*'], stderr: 'invalid right "fly:*"' },
    { name: 'a time that is none', args: ['--allow', 'pull:*', '--expires', 'soon'], stderr: 'soon' },
    {
      name: 'a time that is over',
      args: ['--allow', 'pull:*', '--expires', '0s'],
      stderr: '--expires is "0s"',
    },
    {
      name: 'a name that is none',
      args: ['--allow', 'pull:*', '--name', 'a b'],
      stderr: 'invalid name "a b"',
    },
  ])('refuses $name', async ({ args, stderr }) => {
    const outcome = await serve(['token', 'create', ...args]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain(stderr);
  });
});

test('help tells of the commands below serve', async () => {
  const { stdout } = await serve(['--help']);
  expect(stdout).toContain('Usage:  wherry serve [OPTIONS] [COMMAND]');
  expect(stdout).toMatch(
    /Commands:\n(?: {2}.*\n)* {2}token +Manage long-lived tokens of the service\n {2}users +Manage the accounts/,
  );
  expect((await serve(['users', '--help'])).stdout).toMatch(
    /Commands:\n {2}add .*\n {2}list .*\n {2}remove /,
  );
  expect((await serve(['token', 'create', '--help'])).stdout).toContain('--allow');
});
