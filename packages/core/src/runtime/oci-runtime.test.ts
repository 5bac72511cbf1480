import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shellQuoted, terminalCommand } from './monitor/terminal.ts';
import { OciRuntime, openRuntime } from './oci-runtime.ts';
import { findProgram, runProgram } from './program.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-oci-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A runtime that runs a script instead. */
async function fakeRuntime(script: string): Promise<OciRuntime> {
  const path = join(directory, 'fakec');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return new OciRuntime(path, join(directory, 'state'));
}

const says = (text: string) => `echo 'time="2026-01-01T00:00:00Z" level=error msg="${text}"' >&2; exit 1`;

describe.skipIf(process.platform === 'win32')('OciRuntime', () => {
  test('tells the state', async () => {
    const running = await fakeRuntime('echo \'{"id":"x","pid":42,"status":"running"}\'');
    expect(await running.state('x')).toEqual({ status: 'running', pid: 42 });
    const stopped = await fakeRuntime('echo \'{"id":"x","pid":42,"status":"stopped"}\'');
    expect(await stopped.state('x')).toEqual({ status: 'stopped' });
    const unknown = await fakeRuntime(says('container does not exist'));
    expect(await unknown.state('x')).toBeUndefined();
  });

  test('gives other limits on its input, and tells why they are refused', async () => {
    const runtime = await fakeRuntime(`echo "$@" >${directory}/said; cat >>${directory}/said`);
    await runtime.update('x', { cpu: { shares: 7 } });
    const state = join(directory, 'state');
    expect(await readFile(join(directory, 'said'), 'utf8')).toBe(
      `--root ${state} update --resources - x\n{"cpu":{"shares":7}}`,
    );
    const refusing = await fakeRuntime(says('the maximum allowed cpu-shares is 262144'));
    await expect(refusing.update('x', {})).rejects.toThrow(
      'fakec update x: the maximum allowed cpu-shares is 262144',
    );
  });

  test.each(['container does not exist', 'container not running', 'os: process already finished'])(
    'tells a kill that came too late: %s',
    async (text) => {
      const runtime = await fakeRuntime(says(text));
      await expect(runtime.kill('x', 'TERM')).rejects.toMatchObject({
        code: 'CONFLICT',
        message: 'Container x is not running',
      });
    },
  );

  test('tells other failures with the runtime’s words', async () => {
    const runtime = await fakeRuntime(says('cgroup \\\\"a\\\\" is frozen'));
    await expect(runtime.pause('x')).rejects.toThrow('fakec pause x: cgroup "a" is frozen');
    await expect((await fakeRuntime('exit 3')).delete('x')).rejects.toThrow('fakec delete x: exit code 3');
  });

  test('deletes what is not there', async () => {
    await (await fakeRuntime(says('container does not exist'))).delete('x', { force: true });
  });

  test('lists processes and its version', async () => {
    const runtime = await fakeRuntime('echo "[1,2]"');
    expect(await runtime.processIds('x')).toEqual([1, 2]);
    expect(await (await fakeRuntime('echo "runc version 1.1.5+ds1"; echo "spec: 1.0.2"')).version()).toBe(
      '1.1.5',
    );
    expect(await (await fakeRuntime('echo "crun version 1.14.1"')).version()).toBe('1.14.1');
    expect(await (await fakeRuntime('echo hello')).version()).toBeUndefined();
  });

  test('makes the command lines that outlive us', async () => {
    const runtime = new OciRuntime('/bin/runc', '/state');
    const run = { id: 'x', bundle: '/b', pidFile: '/p', logFile: '/l' };
    const global = ['/bin/runc', '--root', '/state', '--log', '/l', '--log-format', 'json'];
    expect(runtime.runCommand(run)).toEqual([...global, 'run', '--bundle', '/b', '--pid-file', '/p', 'x']);
    expect(runtime.runCommand({ ...run, keep: true })).toContain('--keep');
    expect(runtime.execCommand({ ...run, processFile: '/f', detach: true })).toEqual([
      ...global,
      'exec',
      '--process',
      '/f',
      '--pid-file',
      '/p',
      '--detach',
      'x',
    ]);
  });
});

describe.skipIf(process.platform !== 'linux')('openRuntime', () => {
  test('says in one line that there is none', () => {
    expect(() => openRuntime({ stateDirectory: directory, name: 'nosuch' })).toThrow(
      'unknown or invalid runtime name: nosuch',
    );
  });

  test('takes a path', async () => {
    const { name } = await fakeRuntime('true');
    expect(openRuntime({ stateDirectory: directory, name: join(directory, name) }).name).toBe('fakec');
  });
});

describe.skipIf(process.platform === 'win32')('programs', () => {
  test('are found where they can be run', async () => {
    await writeFile(join(directory, 'one'), '');
    await fakeRuntime('true');
    expect(findProgram(['one', 'fakec'], `relative:/none:${directory}`)).toBe(join(directory, 'fakec'));
    expect(findProgram(['one'], directory)).toBeUndefined();
  });

  test('are kept from talking too much', async () => {
    const { stdout, code } = await runProgram('/bin/sh', ['-c', 'head -c 3000000 /dev/zero; exit 7']);
    expect(stdout).toHaveLength(1 << 20);
    expect(code).toBe(7);
  });

  test('are stopped', async () => {
    const signal = AbortSignal.timeout(50);
    await expect(runProgram('/bin/sleep', ['60'], { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('words of a shell keep what they are', async () => {
  expect(shellQuoted("it's")).toBe("'it'\\''s'");
});

test('a terminal has a size', () => {
  expect(() => terminalCommand(['x'], { rows: -1, columns: 80 }, '/f')).toThrow('terminal size -1');
});
