import { type LoginRequest, type LoginResult, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const TTY = { columns: 120, rows: 40 };
const WARNING =
  "\nWARNING! Your credentials are stored unencrypted in '/home/user/.docker/config.json'.\n" +
  'Configure a credential helper to remove this warning. See\n' +
  'https://docs.docker.com/go/credential-store/\n\n';
const INSECURE = 'WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n';
const FILE: LoginResult = { storedIn: { kind: 'file', path: '/home/user/.docker/config.json' } };

function engine(stored?: { username: string; password: string }, outcome: LoginResult | WherryError = FILE) {
  const asked: LoginRequest[] = [];
  return {
    asked,
    storedLogin: async () => stored,
    login: async (request: LoginRequest) => {
      asked.push(request);
      if (outcome instanceof WherryError) throw outcome;
      return outcome;
    },
  };
}

describe('wherry login', () => {
  test.each([
    {
      name: 'a password from standard input',
      argv: ['-u', 'user', '--password-stdin', '127.0.0.1:5056'],
      stdin: 'secret\r\n',
      fake: engine(),
      stderr: WARNING,
      asked: { server: '127.0.0.1:5056', username: 'user', password: 'secret' },
    },
    {
      name: 'a password on the command line',
      argv: ['-u', 'user', '-p', 'secret', 'http://127.0.0.1:5056/v2/'],
      fake: engine(),
      stderr: INSECURE + WARNING,
      asked: { server: '127.0.0.1:5056', username: 'user', password: 'secret' },
    },
    {
      name: 'what is stored already',
      argv: ['-u', 'user', '--password-stdin', 'docker.io'],
      stdin: 'secret',
      fake: engine({ username: 'user', password: 'secret' }),
      stderr: '',
      asked: { username: 'user', password: 'secret' },
    },
    {
      name: 'a credential helper',
      argv: ['-u', 'user', '--password-stdin'],
      stdin: 'secret',
      fake: engine(undefined, { storedIn: { kind: 'helper', name: 'pass' } }),
      stderr: '',
      asked: { username: 'user', password: 'secret' },
    },
    {
      name: 'no flags, with stored credentials',
      argv: ['127.0.0.1:5056'],
      fake: engine({ username: 'user', password: 'secret' }),
      stderr:
        'Authenticating with existing credentials... [Username: user]\n\n' +
        " Info -> To login with a different account, run 'wherry logout' followed by 'wherry login'\n\n\n",
      asked: { server: '127.0.0.1:5056', username: 'user', password: 'secret' },
    },
  ])('logs in with $name', async ({ argv, stdin = '', fake, stderr, asked }) => {
    const outcome = await runCli(['login', ...argv], { engine: fake, stdin });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded\n', stderr });
    expect(fake.asked).toEqual([asked]);
  });

  test('asks for what is missing on a terminal', async () => {
    const fake = engine();
    const outcome = await runCli(['login', 'r:1'], { engine: fake, tty: TTY, stdin: 'user\nsex\x7fcret\r' });
    expect(outcome).toMatchObject({ exitCode: 0, both: `Username: Password: \n${WARNING}Login Succeeded\n` });
    expect(fake.asked).toEqual([{ server: 'r:1', username: 'user', password: 'secret' }]);
  });

  test('asks again on a terminal when the stored password is refused', async () => {
    const fake = engine({ username: 'user', password: 'old' });
    const login = async (request: LoginRequest) => {
      if (request.password === 'old') throw new WherryError('UNAUTHORIZED', 'unauthorized');
      return await fake.login(request);
    };
    const setup = { engine: { ...fake, login }, tty: TTY, stdin: 'user\nnew\n', env: { NO_COLOR: '1' } };
    const outcome = await runCli(['login', 'r:1'], setup);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.both).toContain('Login did not succeed, error: unauthorized\nUsername: Password: \n');
  });

  test.each([
    { name: 'Ctrl-C at the prompt', argv: [], stdin: 'us\x03', tty: TTY, exitCode: 130, stderr: '' },
    {
      name: 'an empty name',
      argv: [],
      stdin: '\n',
      tty: TTY,
      exitCode: 1,
      stderr: 'Error: Non-null Username Required\n',
    },
    {
      name: 'an empty password',
      argv: ['-u', 'a'],
      stdin: '\n',
      tty: TTY,
      exitCode: 1,
      stderr: 'Error: Password Required\n',
    },
    {
      name: 'nobody to ask',
      argv: ['-u', 'user'],
      exitCode: 1,
      stderr: 'Error: Cannot perform an interactive login from a non TTY device\n',
    },
    {
      name: 'a password without a name',
      argv: ['--password-stdin'],
      exitCode: 1,
      stderr: 'the --password-stdin option requires --username to be set\n',
    },
    {
      name: 'two passwords',
      argv: ['-u', 'a', '-p', 'b', '--password-stdin'],
      exitCode: 1,
      stderr: 'conflicting options: cannot specify both --password and --password-stdin\n',
    },
    { name: 'an empty name in a flag', argv: ['-u', ''], exitCode: 1, stderr: 'username is empty\n' },
    {
      name: 'an empty password in a flag',
      argv: ['-u', 'a', '-p', ''],
      exitCode: 1,
      stderr: 'password is empty\n',
    },
    {
      name: 'no password',
      argv: ['-u', 'a', '--password-stdin'],
      exitCode: 1,
      stderr: 'password is empty\n',
    },
    {
      name: 'an endless password',
      argv: ['-u', 'a', '--password-stdin'],
      stdin: 'x'.repeat(70_000),
      exitCode: 1,
      stderr: 'the password on stdin has more than 65536 bytes\n',
    },
  ])('refuses $name', async ({ argv, stdin = '', tty, exitCode, stderr }) => {
    const setup = { engine: engine(), stdin, ...(tty === undefined ? {} : { tty }) };
    expect(await runCli(['login', ...argv], setup)).toMatchObject({ exitCode, stderr });
  });

  test("tells the registry's refusal from a failure to keep the credentials", async () => {
    const argv = ['login', '-u', 'a', '--password-stdin'];
    const refused = engine(undefined, new WherryError('UNAUTHORIZED', 'incorrect username or password'));
    expect((await runCli(argv, { engine: refused, stdin: 'b' })).stderr).toBe(
      'Error: incorrect username or password\n',
    );
    const unkept = engine(undefined, new WherryError('INTERNAL', 'error storing credentials - err: x'));
    expect((await runCli(argv, { engine: unkept, stdin: 'b' })).stderr).toBe(
      'Error saving credentials: error storing credentials - err: x\n',
    );
  });
});

test.each([
  { argv: [], shown: 'https://index.docker.io/v1/', host: undefined },
  { argv: ['docker.io'], shown: 'https://index.docker.io/v1/', host: undefined },
  { argv: ['https://r.example:1/x'], shown: 'r.example:1', host: 'r.example:1' },
])('wherry logout $argv forgets the credentials', async ({ argv, shown, host }) => {
  const asked: (string | undefined)[] = [];
  const logout = async (server?: string) => {
    asked.push(server);
  };
  const outcome = await runCli(['logout', ...argv], { engine: { logout } });
  expect(outcome).toMatchObject({ exitCode: 0, both: `Removing login credentials for ${shown}\n` });
  expect(asked).toEqual([host]);
});
