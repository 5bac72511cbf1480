import { type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from './testing/run-cli.ts';

const PULL_HELP = `Usage:  wherry pull [OPTIONS] NAME[:TAG|@DIGEST]

Download an image from a registry

Aliases:
  wherry image pull, wherry pull

Options:
      --all-platforms           Download the image for every platform
  -a, --all-tags                Download all tagged images in the repository
      --check                   Only tell if the registry has a newer image
      --disable-content-trust   Skip image verification (default true)
      --explain                 List the endpoints that would be asked,
                                and why
      --format string           Print the result as 'json', as 'table',
                                or using a Go template
      --jobs int                Number of layers to download at once
      --platform string         Set platform if server is multi-platform
                                capable
  -q, --quiet                   Suppress verbose output
`;

const SYSTEM_HELP = `Usage:  wherry system COMMAND

Manage wherry

Commands:
  check       Verify every blob and record of the content store
  df          Show wherry disk usage
  info        Display system-wide information
  prune       Remove unused data
  ratelimit   Show how many pulls a registry still allows

Run 'wherry system COMMAND --help' for more information on a command.
`;

describe('help', () => {
  test.each([
    { argv: ['pull', '--help'], stdout: PULL_HELP },
    { argv: ['help', 'pull'], stdout: PULL_HELP },
    {
      argv: ['pull', 'x', '-h', 'y'],
      stdout: `Flag shorthand -h has been deprecated, use --help\n${PULL_HELP}`,
    },
    { argv: ['image', 'pull', '--help'], stdout: PULL_HELP.replace('wherry pull [', 'wherry image pull [') },
    { argv: ['image', 'help', 'pull'], stdout: PULL_HELP.replace('wherry pull [', 'wherry image pull [') },
    { argv: ['help', 'image', 'pull'], stdout: PULL_HELP.replace('wherry pull [', 'wherry image pull [') },
    { argv: ['system', '--help'], stdout: SYSTEM_HELP },
    { argv: ['system', 'help'], stdout: SYSTEM_HELP },
    { argv: ['help', 'system'], stdout: SYSTEM_HELP },
    { argv: ['system', 'nosuch', '--help'], stdout: SYSTEM_HELP },
  ])('$argv is printed on standard output', async ({ argv, stdout }) => {
    expect(await runCli(argv)).toMatchObject({ exitCode: 0, stdout, stderr: '' });
  });

  test('of the program goes to standard error when no command is given', async () => {
    const [bare, asked, ofUnknown] = await Promise.all([
      runCli([]),
      runCli(['--help']),
      runCli(['nosuch', '--help']),
    ]);
    expect(bare).toMatchObject({ exitCode: 0, stdout: '' });
    expect(bare.stderr).toMatch(
      /^Usage: {2}wherry \[OPTIONS\] COMMAND\n\nContainer images without a daemon\n/,
    );
    expect(asked).toMatchObject({ exitCode: 0, stdout: bare.stderr, stderr: '' });
    expect(ofUnknown).toMatchObject({ exitCode: 0, stdout: bare.stderr, stderr: '' });
  });

  test('of a group goes to standard error when no command is given', async () => {
    expect(await runCli(['system'])).toMatchObject({ exitCode: 0, stdout: '', stderr: SYSTEM_HELP });
    const { stdout } = await runCli(['image', 'help']);
    expect(stdout).toMatch(/^Usage: {2}wherry image COMMAND\n\nManage images\n/);
    expect(await runCli(['image'])).toMatchObject({ exitCode: 0, stdout: '', stderr: stdout });
  });

  test('of a command under its long name', async () => {
    const help = await runCli(['image', 'ls', '--help']);
    expect(await runCli(['help', 'image', 'ls'])).toEqual(help);
    expect(await runCli(['image', 'help', 'list'])).toEqual(help);
  });
});

describe('a command line that means nothing', () => {
  test.each([
    {
      argv: ['iamges'],
      exitCode: 1,
      stderr: "wherry: unknown command: wherry iamges\n\nRun 'wherry --help' for more information\n",
    },
    {
      argv: ['image', 'nosuch'],
      exitCode: 1,
      stderr:
        "wherry: unknown command: wherry image nosuch\n\nUsage:  wherry image\n\nRun 'wherry image --help' for more information\n",
    },
    { argv: ['help', 'nosuch'], exitCode: 1, stderr: 'unknown help topic: nosuch\n' },
    { argv: ['help', 'image', 'nosuch'], exitCode: 1, stderr: 'unknown help topic: image nosuch\n' },
    {
      argv: ['--', '--nosuch'],
      exitCode: 1,
      stderr: "wherry: unknown command: wherry --nosuch\n\nRun 'wherry --help' for more information\n",
    },
    {
      argv: ['image', 'remove'],
      exitCode: 1,
      stderr:
        "wherry: 'wherry image rm' requires at least 1 argument\n\n" +
        "Usage:  wherry image rm [OPTIONS] IMAGE [IMAGE...]\n\nSee 'wherry image rm --help' for more information\n",
    },
    {
      argv: ['--nosuch', 'images'],
      exitCode: 125,
      stderr:
        "unknown flag: --nosuch\n\nUsage:  wherry [OPTIONS] COMMAND\n\nRun 'wherry --help' for more information\n",
    },
    {
      argv: ['pull', '--platform'],
      exitCode: 125,
      stderr:
        'flag needs an argument: --platform\n\nUsage:  wherry pull [OPTIONS] NAME[:TAG|@DIGEST]\n\n' +
        "Run 'wherry pull --help' for more information\n",
    },
    { argv: ['pull', '--jobs=0', 'x'], exitCode: 1, stderr: '--jobs is 0, want at least 1\n' },
  ])('$argv is refused', async ({ argv, exitCode, stderr }) => {
    expect(await runCli(argv)).toMatchObject({ exitCode, stderr });
  });
});

describe('the options of a daemon', () => {
  test.each([
    { argv: ['-H', 'unix:///var/run/docker.sock', 'images'], name: 'host' },
    { argv: ['--host=tcp://x:2375', 'images'], name: 'host' },
    { argv: ['-c', 'remote', 'pull', 'x'], name: 'context' },
    { argv: ['--tlsverify', 'images'], name: 'tlsverify' },
    { argv: ['--tlscacert', 'ca.pem', '--tls=false', 'images'], name: 'tls' },
  ])('$argv are refused in one line', async ({ argv, name }) => {
    expect(await runCli(argv)).toMatchObject({
      exitCode: 125,
      stdout: '',
      stderr: `wherry has no daemon to connect to: leave out --${name}\n`,
    });
  });

  test('stand in no help text', async () => {
    expect((await runCli(['--help'])).stdout).not.toMatch(/--(host|context|tls)/);
  });
});

describe('the level of logs', () => {
  const failing = { history: () => Promise.reject(new WherryError('CORRUPT', 'blob is broken')) };

  test.each(['debug', 'TRACE'])('%s shows where an error comes from', async (level) => {
    const { stderr } = await runCli(['-l', level, 'history', 'x'], { engine: failing });
    expect(stderr).toMatch(/run\.test\.ts.*\nError: blob is broken\n$/s);
  });

  test.each(['info', 'warn', 'error', 'fatal', ''])('%j logs nothing', async (level) => {
    const argv = [`--log-level=${level}`, 'history', 'x'];
    expect((await runCli(argv, { engine: failing })).stderr).toBe('Error: blob is broken\n');
  });

  test('is one that Docker knows', async () => {
    expect(await runCli(['-l', 'loud', 'images'])).toMatchObject({
      exitCode: 1,
      stderr: 'Unable to parse logging level: loud\n',
    });
  });
});

describe('the program', () => {
  test.each(['-v', '--version'])('tells its version with %s', async (flag) => {
    expect(await runCli([flag])).toMatchObject({ exitCode: 0, stdout: 'wherry version 0.1.0\n', stderr: '' });
  });

  test('opens the engine with what the global flags say, and closes it', async () => {
    const engine = { images: async () => [] };
    const directory = await runCli(['--root', '/r', '--config', '/d', 'images'], { engine, env: { A: '1' } });
    expect(directory.opened).toEqual([{ root: '/r', dockerConfigDir: '/d', env: { A: '1' } }]);
    expect(directory.isClosed).toBe(true);
    const file = await runCli(['--config=/w.toml', '-D', 'images'], { engine });
    expect(file.opened).toEqual([{ configFile: '/w.toml', env: { WHERRY_DEBUG: '1' } }]);
  });

  test('takes the value of a global flag for no command, and a flag that it refuses for what it is', async () => {
    const engine = { images: async () => [] };
    const named = await runCli(['--root', 'ps', 'images'], { engine });
    expect(named).toMatchObject({ exitCode: 0, opened: [{ root: 'ps' }] });
    expect((await runCli(['--root', '/r', '-H', 'x', 'images'], { engine })).stderr).toContain(
      'leave out --host',
    );
    expect((await runCli(['--root', '/r', 'image', 'nonsense'], { engine })).exitCode).not.toBe(0);
    expect((await runCli(['--root', '/r', 'nonsense'], { engine })).stderr).toContain('unknown command');
  });

  test('reads the flags of a command behind two dashes', async () => {
    const engine = { images: async () => [] };
    expect(await runCli(['--', 'images', '-q'], { engine })).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('passes the number of layers at once', async () => {
    const engine = { push: async () => Promise.reject(new WherryError('DENIED', 'no')) };
    expect((await runCli(['push', '--jobs=3', 'x'], { engine })).opened).toEqual([{ jobs: 3, env: {} }]);
  });

  test.each([
    {
      name: "an engine's failure has a prefix and its hint a line",
      error: new WherryError('IMAGE_UNKNOWN', 'No such image: x:latest', { hint: 'pull it first' }),
      exitCode: 1,
      stderr: 'Error: No such image: x:latest\npull it first\n',
    },
    {
      name: 'an escape sequence from a registry does not reach the terminal',
      error: new WherryError('DENIED', 'denied:\x1b]0;owned\x07\nsee \x9b2J', { hint: 'a\x1b[31mb' }),
      exitCode: 1,
      stderr: 'Error: denied: ]0;owned \nsee  2J\na [31mb\n',
    },
    {
      name: 'a cancelled command says nothing',
      error: new WherryError('CANCELLED', 'cancelled'),
      exitCode: 130,
      stderr: '',
    },
    {
      name: 'a mistake of ours is told as one',
      error: new TypeError('x is not a function'),
      exitCode: 1,
      stderr: 'wherry: internal error: x is not a function\nSet WHERRY_DEBUG=1 to see where it comes from.\n',
    },
  ])('$name', async ({ error, exitCode, stderr }) => {
    const engine = { history: () => Promise.reject(error) };
    const result = await runCli(['history', 'x'], { engine });
    expect(result).toMatchObject({ exitCode, stderr, isClosed: true });
  });

  test('shows where an error comes from in debug mode only', async () => {
    const engine = { history: () => Promise.reject(new WherryError('CORRUPT', 'blob is broken')) };
    expect((await runCli(['-D', 'history', 'x'], { engine })).stderr).toMatch(
      /run\.test\.ts.*\nError: blob is broken\n$/s,
    );
  });
});

describe('a command on containers', () => {
  const env = { WHERRY_ROOT: '/store' };

  test('runs where they are, and leaves when the engine is closed', async () => {
    const done: string[] = [];
    const engine = {
      containers: { list: async () => [] } as unknown as Engine['containers'],
      close: async () => void done.push('closed'),
    };
    const result = await runCli(['--root', '/other', 'ps'], {
      ...{ env, openEngine: () => engine as unknown as Engine },
      enterNamespace: async (request) => {
        done.push(JSON.stringify(request));
        return { [Symbol.asyncDispose]: async () => void done.push('left') };
      },
    });
    expect(result.exitCode).toBe(0);
    const request = JSON.stringify({ env, need: 'useful', root: '/other' });
    expect(done).toEqual([request, 'closed', 'left']);
  });

  test('says why it cannot, and does nothing', async () => {
    const enterNamespace = () =>
      Promise.reject(new WherryError('UNSUPPORTED', 'not possible: x is 0', { hint: 'sysctl x=1' }));
    expect(await runCli(['run', 'x', 'y'], { enterNamespace })).toMatchObject({
      exitCode: 125,
      stdout: '',
      stderr: 'wherry: not possible: x is 0\nsysctl x=1\n',
      opened: [],
    });
  });

  test('is the only kind that looks for them', async () => {
    const enterNamespace = () => Promise.reject(new Error('not expected'));
    const engine = { images: async () => [] };
    expect((await runCli(['images', '-q'], { engine, enterNamespace })).exitCode).toBe(0);
  });
});
