import { expect, test } from 'vitest';
import { DockerCommand } from '../../docker-command.ts';
import { Flags } from '../../flags.ts';
import { SERVE } from '../../specs/system.ts';
import { runCli } from '../../testing/run-cli.ts';
import { readMirrorFlags } from './mirror-flags.ts';

function read(...argv: string[]) {
  const command = new DockerCommand('serve').takeFlags(SERVE.flags).exitOverride();
  command.parseOptions(argv);
  return readMirrorFlags(new Flags(command));
}

test('nothing is mirrored unasked', async () => {
  expect(await read()).toEqual({ upstreams: [], tagTtlMs: 300_000, pins: [] });
});

test('every flag is read', async () => {
  const mirrors = ['--mirror', 'docker.io', '--mirror=hub.example=http://10.0.0.5:5000'];
  const limits = ['--mirror-ttl', '90s', '--mirror-max-size', '20GB', '--mirror-pin', 'docker.io/library/*'];
  expect(await read(...mirrors, ...limits)).toEqual({
    upstreams: [{ name: 'docker.io' }, { name: 'hub.example', location: 'http://10.0.0.5:5000' }],
    tagTtlMs: 90_000,
    maxBytes: 20e9,
    pins: ['docker.io/library/*'],
  });
});

test.each([
  {
    name: 'a registry twice',
    argv: ['--mirror', 'a.b', '--mirror', 'a.b=c.d'],
    message: '--mirror a.b is given twice',
  },
  { name: 'a path', argv: ['--mirror', 'docker.io/library'], message: 'invalid mirror "docker.io/library"' },
  { name: 'a time before now', argv: ['--mirror-ttl', '-5m'], message: '--mirror-ttl is less than nothing' },
  { name: 'a time that is none', argv: ['--mirror-ttl', 'soon'], message: 'invalid duration' },
  { name: 'a size that is none', argv: ['--mirror-max-size', 'much'], message: "invalid size: 'much'" },
])('$name is refused', async ({ argv, message }) => {
  const { stderr, exitCode } = await runCli(['serve', ...argv]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(1);
});
