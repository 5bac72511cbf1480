import { type Digest, type Engine, parseReference, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { withNested } from './command.ts';
import { COMMON_COMMANDS, GROUPS, OTHER_COMMANDS } from './program.ts';
import { runCli } from './testing/run-cli.ts';

const A = `sha256:${'a1'.repeat(32)}` as Digest;
const B = `sha256:${'b2'.repeat(32)}` as Digest;
const ref = parseReference('ubuntu:24.04');
const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: A, size: 424 };
const image = {
  id: B,
  repoTags: ['ubuntu:24.04'],
  repoDigests: [],
  created: new Date('2026-11-01T00:00:00Z'),
  size: 1000,
  platform: { os: 'linux', architecture: 'amd64' },
};
const fault = { kind: 'blob-missing', subject: A, message: 'is\u001b[31m gone' } as const;
const removed = [{ untagged: 'ubuntu:24.04' }, { deleted: B }];

const engine: Partial<Engine> = {
  tags: async () => [{ tag: '24.04', digest: A }, { tag: '22.04' }],
  outdated: async () => ({ outdated: [{ ref, here: A, registry: B }], madeHere: [], failures: [] }),
  images: async () => [image],
  check: async () => ({ faults: [fault, { ...fault, repaired: 'x' }], blobs: 1, bytes: 2, images: 1 }),
  rateLimit: async () => ({ registry: 'docker.io', limit: 100, remaining: 42, windowSeconds: 21_600 }),
  checkPull: async () => ({ ref, status: 'newer', registry: B }),
  explainPull: async () => [
    { url: new URL('https://m.example.com/'), repository: 'hub/ubuntu', role: 'mirror', reason: 'config' },
  ],
  pull: async () => ({ ref, target, imageId: B, status: 'downloaded' }),
  pullAllTags: async () => [{ ref, target, imageId: B, status: 'up-to-date' }],
  push: async () => ({ ref, target }),
  load: async () => [{ ref, id: B }, { id: A }],
  import: async () => ({ id: B }),
  prune: async () => ({ events: removed, contentBytes: 10, reclaimedBytes: 10 }),
  remove: async () => removed,
};

interface Case {
  readonly argv: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly exitCode?: number;
}

describe('--format json', () => {
  test.each<Case>([
    {
      argv: ['tags', 'ubuntu'],
      rows: [
        { Digest: A, Name: 'ubuntu:24.04', Repository: 'ubuntu', Tag: '24.04' },
        { Digest: '', Name: 'ubuntu:22.04', Repository: 'ubuntu', Tag: '22.04' },
      ],
    },
    {
      argv: ['outdated'],
      exitCode: 10,
      rows: [{ Here: A, Name: 'ubuntu:24.04', Registry: B, Repository: 'ubuntu', Tag: '24.04' }],
    },
    {
      argv: ['system', 'check'],
      exitCode: 1,
      rows: [
        { Kind: 'blob-missing', Message: fault.message, Repaired: '', Subject: A },
        { Kind: 'blob-missing', Message: fault.message, Repaired: 'x', Subject: A },
      ],
    },
    {
      argv: ['system', 'ratelimit'],
      rows: [{ Limit: '100', Registry: 'docker.io', Remaining: '42', Source: '', Window: '21600s' }],
    },
    {
      argv: ['pull', '--check', 'ubuntu:24.04'],
      exitCode: 10,
      rows: [{ Name: 'ubuntu:24.04', Registry: B, Status: 'newer' }],
    },
    {
      argv: ['pull', '--explain', 'ubuntu'],
      rows: [
        {
          Reason: 'config',
          Repository: 'hub/ubuntu',
          Role: 'mirror',
          URL: 'https://m.example.com/v2/hub/ubuntu',
        },
      ],
    },
    {
      argv: ['pull', 'ubuntu'],
      rows: [{ Digest: A, ID: B, Name: 'ubuntu:24.04', Status: 'downloaded' }],
    },
    {
      argv: ['pull', '-a', 'ubuntu'],
      rows: [{ Digest: A, ID: B, Name: 'ubuntu:24.04', Status: 'up-to-date' }],
    },
    { argv: ['push', 'ubuntu'], rows: [{ Digest: A, Name: 'ubuntu:24.04', Size: '424' }] },
    {
      argv: ['load'],
      rows: [
        { ID: B, Name: 'ubuntu:24.04' },
        { ID: A, Name: '' },
      ],
    },
    { argv: ['import', 'x.tar', 'app'], rows: [{ ID: B, Name: 'app:latest' }] },
    { argv: ['import', 'https://x.example.com/x.tar'], rows: [{ ID: B, Name: '' }] },
    ...[
      ['image', 'prune', '--dry-run'],
      ['image', 'prune', '-f'],
      ['rmi', 'ubuntu'],
    ].map((argv) => ({
      argv,
      rows: [
        { Action: 'untagged', Image: 'ubuntu:24.04' },
        { Action: 'deleted', Image: B },
      ],
    })),
  ])('of $argv is an object a line', async ({ argv, rows, exitCode = 0 }) => {
    const outcome = await runCli([...argv, '--format', 'json'], { engine });
    expect(outcome).toMatchObject({ exitCode, stderr: '' });
    const lines = outcome.stdout.split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
    // Keys are in one order, and no control character stands as itself.
    expect(lines).toEqual(rows.map((row) => JSON.stringify(row)));
    const template = await runCli([...argv, '--format', '{{json .}}'], { engine });
    expect(template).toMatchObject({ exitCode, stdout: outcome.stdout });
  });

  test('of pin is that of images', async () => {
    const [pinned, listed] = [await run('pin'), await run('images')];
    expect(pinned.stdout).toBe(listed.stdout);
    expect(JSON.parse(pinned.stdout)).toMatchObject({ Repository: 'ubuntu', Tag: '24.04' });
    const refused = await runCli(['pin', 'ubuntu', '--format', 'json'], { engine });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(JSON.parse(refused.stderr).error.message).toBe(
      "--format can't be used with IMAGE: it is for the list",
    );
  });

  test('of nothing is nothing', async () => {
    const nothing: Partial<Engine> = {
      outdated: async () => ({ outdated: [], madeHere: [], failures: [] }),
      check: async () => ({ faults: [], blobs: 1, bytes: 2, images: 1 }),
      tags: async () => [],
      prune: async () => ({ events: [], contentBytes: 0, reclaimedBytes: 0 }),
    };
    for (const argv of [['outdated'], ['system', 'check'], ['tags', 'x'], ['image', 'prune', '-f']])
      expect(await runCli([...argv, '--format', 'json'], { engine: nothing })).toMatchObject({
        exitCode: 0,
        stdout: '',
        stderr: '',
      });
  });

  function run(command: string) {
    return runCli([command, '--format', 'json'], { engine });
  }
});

describe('--format', () => {
  test.each([
    { argv: ['tags', 'ubuntu', '--format', '{{.Tag}}'], stdout: '24.04\n22.04\n' },
    {
      argv: ['tags', 'ubuntu', '--digests', '--format', 'table'],
      stdout: `TAG       DIGEST\n24.04     ${A}\n22.04     <none>\n`,
    },
    {
      argv: ['rmi', 'ubuntu', '--format', 'table {{.Image}}\\t{{.Action}}'],
      stdout: `IMAGE${' '.repeat(69)}ACTION\nubuntu:24.04${' '.repeat(62)}untagged\n${B}   deleted\n`,
    },
    {
      argv: ['system', 'check', '--format', 'table {{.Message}}'],
      exitCode: 1,
      stdout: 'MESSAGE\nis [31m gone\nis [31m gone\n',
    },
    {
      argv: ['outdated', '--format', '{{.Name}} {{slice .Here 7 13}}'],
      exitCode: 10,
      stdout: 'ubuntu:24.04 a1a1a1\n',
    },
  ])('prints $argv', async ({ argv, stdout, exitCode = 0 }) => {
    expect(await runCli(argv, { engine })).toMatchObject({ exitCode, stdout, stderr: '' });
  });

  test('that is no template is refused before anything is done', async () => {
    for (const argv of [['rmi', 'x'], ['image', 'prune', '-f'], ['push', 'x'], ['load'], ['pull', 'x']])
      expect(await runCli([...argv, '--format', '{{'])).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringMatching(/^template parsing error: /),
      });
  });

  test('of a prune leaves no room for a question', async () => {
    const outcome = await runCli(['image', 'prune', '--format', 'json']);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(JSON.parse(outcome.stderr).error.code).toBe('INVALID_ARGUMENT');
  });

  test('tells what a removal has done when it is interrupted', async () => {
    const interrupted: Partial<Engine> = {
      remove: async ({ image }) => {
        if (image === 'b') throw new WherryError('CANCELLED', 'cancelled');
        return [{ untagged: image }];
      },
    };
    const outcome = await runCli(['rmi', 'a', 'b', '--format', 'json'], { engine: interrupted });
    expect(outcome).toMatchObject({ exitCode: 130, stdout: '{"Action":"untagged","Image":"a"}\n' });
    expect(JSON.parse(outcome.stderr)).toEqual({ error: { code: 'CANCELLED', message: 'cancelled' } });
  });

  test('is an option of every command that has a result', () => {
    const listed = [...COMMON_COMMANDS, ...OTHER_COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)];
    const commands = listed.flatMap(withNested);
    const without = commands.filter(({ flags }) => !flags.some(({ name }) => name === 'format'));
    expect([...new Set(without.map(({ name }) => name))].sort()).toEqual([
      ...[
        'add',
        'attach',
        'build',
        'completion',
        'cp',
        'create',
        'diff',
        'exec',
        'export',
        'kill',
        'login',
        'logout',
        'logs',
      ],
      ...[
        'pause',
        'port',
        'prune',
        'remove',
        'rename',
        'restart',
        'rm',
        'run',
        'save',
        'serve',
        'start',
        'stop',
        'tag',
      ],
      ...['top', 'unpause', 'unpin', 'update', 'wait'],
    ]);
  });
});

describe('errors, where JSON is asked for,', () => {
  const failing = (error: unknown): Partial<Engine> => ({
    images: async () => {
      throw error;
    },
    inspect: async (name) => {
      throw new WherryError('IMAGE_UNKNOWN', `No such image: ${name}`);
    },
    remove: async ({ image: name }) => {
      throw new WherryError('IMAGE_UNKNOWN', `No such image: ${name}`, { hint: 'look' });
    },
    outdated: async () => ({
      outdated: [],
      madeHere: [],
      failures: [{ registry: 'r.io', error: new WherryError('UNREACHABLE', 'no route') }],
    }),
  });
  const unreadable = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/x' });
  const hostile = new WherryError('CORRUPT', 'a\nb\u001b\u009b\u2028"', { hint: 'mend it' });

  test.each([
    {
      argv: ['images', '--format', 'json'],
      error: hostile,
      want: [{ code: 'CORRUPT', message: hostile.message, hint: 'mend it' }],
    },
    {
      argv: ['images', '--format={{ json . }}'],
      error: unreadable,
      want: [{ code: 'PERMISSION_DENIED', message: 'open /x: permission denied' }],
    },
    {
      argv: ['images', '--format', 'json'],
      error: new Error('oops'),
      want: [
        {
          code: 'INTERNAL',
          message: 'internal error: oops',
          hint: 'Set WHERRY_DEBUG=1 to see where it comes from.',
        },
      ],
    },
    {
      argv: ['inspect', '-f', 'json', 'a', 'b'],
      want: [
        { code: 'IMAGE_UNKNOWN', message: 'No such image: a' },
        { code: 'IMAGE_UNKNOWN', message: 'No such image: b' },
      ],
    },
    {
      argv: ['inspect', '--type', 'volume', '-f', 'json', 'a'],
      want: [{ code: 'NAME_UNKNOWN', message: 'No such volume: a' }],
    },
    {
      argv: ['rmi', 'a', '--format', 'json'],
      want: [{ code: 'IMAGE_UNKNOWN', message: 'No such image: a', hint: 'look' }],
    },
    {
      argv: ['outdated', '--format', 'json'],
      want: [{ code: 'UNREACHABLE', message: 'r.io: no route' }],
    },
    {
      argv: ['pull', 'Ubuntu', '--format', 'json'],
      want: [
        {
          code: 'INVALID_REFERENCE',
          message: 'invalid reference format: repository name (library/Ubuntu) must be lowercase',
        },
      ],
    },
    {
      argv: ['images', '--bogus', '--format', 'json'],
      exitCode: 125,
      want: [
        {
          code: 'INVALID_ARGUMENT',
          message: 'unknown flag: --bogus',
          hint: "Run 'wherry images --help' for more information",
        },
      ],
    },
    {
      argv: ['history', '--format=json'],
      want: [
        {
          code: 'INVALID_ARGUMENT',
          message: "wherry: 'wherry history' requires 1 argument",
          hint: "Run 'wherry history --help' for more information",
        },
      ],
    },
    {
      argv: ['nosuch', '--format', '{{json .}}'],
      want: [
        {
          code: 'INVALID_ARGUMENT',
          message: 'wherry: unknown command: wherry nosuch',
          hint: "Run 'wherry --help' for more information",
        },
      ],
    },
  ])('are lines of JSON: $argv', async ({ argv, want, error, exitCode = 1 }) => {
    const outcome = await runCli(argv, { engine: failing(error) });
    expect(outcome.exitCode).toBe(exitCode);
    const lines = outcome.stderr.split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(want.map((each) => ({ error: each })));
    expect(outcome.stderr).toMatch(/^[ -~\n]*$/);
  });

  test.each([
    { argv: ['images', '--format', '{{.ID}}'] },
    { argv: ['images', '--format', '{{json .ID}}'] },
    { argv: ['images', '--bogus', '--', '--format', 'json'] },
  ])('are words elsewhere: $argv', async ({ argv }) => {
    const { stderr } = await runCli(argv, { engine: failing(new WherryError('CORRUPT', 'bad')) });
    expect(stderr).toMatch(/^(Error: bad\n|unknown flag: --bogus\n)/);
  });
});
