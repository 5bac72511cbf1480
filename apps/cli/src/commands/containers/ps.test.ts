import { describe, expect, test } from 'vitest';
import { container, ID, withContainers } from '../../testing/container-engine.ts';
import { NOW, runCli } from '../../testing/run-cli.ts';

describe('wherry ps', () => {
  const list = async () => [{ container, image: 'busybox', sizes: { changedBytes: 10, totalBytes: 2000 } }];

  test('prints Docker’s table', async () => {
    const outcome = await runCli(['ps', '-a'], { ...withContainers({ list }), now: NOW });
    expect(outcome.stdout).toBe(
      [
        'CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS                     PORTS     NAMES',
        `c0ffee111111   busybox   "sh -c 'exit 3; and …"   5 seconds ago   Exited (3) 2 seconds ago             web`,
        '',
      ].join('\n'),
    );
  });

  test.each([
    { flags: ['-q'], want: 'c0ffee111111\n' },
    { flags: ['-q', '--no-trunc'], want: `${ID}\n` },
    { flags: ['--format', '{{.Size}} {{.Labels}} {{.State}}'], want: '10B (virtual 2kB) k=v exited\n' },
    { flags: ['--format', '{{with .}}{{json .Size}}{{end}}'], want: '"10B (virtual 2kB)"\n' },
    { flags: ['--format', '{{.Label "k"}}|{{.Label "none"}}'], want: 'v|\n' },
    {
      flags: ['--format', 'table {{.Names}}\t{{.Label "com.example.my-k"}}'],
      want: 'NAMES     my k\nweb       \n',
    },
  ])('prints $flags', async ({ flags, want }) => {
    expect((await runCli(['ps', ...flags], withContainers({ list }))).stdout).toBe(want);
  });
});

test.each([
  {
    flags: [],
    format: '{{.Nope}}',
    text: 'failed to execute template: template: :1:2: executing "" at <.Nope>',
  },
  { flags: [], format: '{{.ID', text: 'failed to parse template: template: :1: unclosed action' },
  { flags: ['-s'], format: '{{.ID', text: 'failed to parse template: template: :1: unclosed action' },
])('wherry ps $flags refuses $format in Docker’s words', async ({ flags, format, text }) => {
  const list = () => Promise.resolve([]);
  const outcome = await runCli(['ps', ...flags, '--format', format], withContainers({ list }));
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr.startsWith(text)).toBe(true);
});

test.each(['{{.Names}}', 'json', 'table {{.Names}}', 'table'])(
  'wherry ps -q takes no format %s',
  async (format) => {
    const list = async () => [{ container, image: 'busybox' }];
    expect(await runCli(['ps', '-q', '--format', format], withContainers({ list }))).toMatchObject({
      stdout: 'c0ffee111111\n',
      stderr: 'WARNING: Ignoring custom format, because both --format and --quiet are set.\n',
    });
  },
);
