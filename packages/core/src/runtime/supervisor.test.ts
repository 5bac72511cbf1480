import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerPaths } from './container-directory.ts';
import { commandLineOf, processIds } from './namespace/host-processes.ts';
import { OciRuntime } from './oci-runtime.ts';
import { startSupervised } from './supervisor.ts';

describe.skipIf(process.platform !== 'linux')('a supervisor', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'wherry-supervisor-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const request = () => ({
    runtime: new OciRuntime('/bin/true', join(parent, 'state')),
    ...{ id: 'a'.repeat(64), paths: containerPaths(parent), stdin: 'none' as const },
  });

  test('tells of a runtime that was killed before it had started anything', async () => {
    const path = join(parent, 'fakec');
    writeFileSync(path, '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
    const runtime = new OciRuntime(path, join(parent, 'state'));
    await expect(startSupervised({ ...request(), runtime })).rejects.toMatchObject({
      // In its shell's words, if that has some.
      message: expect.stringMatching(
        /^failed to create shim task: OCI runtime create failed: .*killed.*: unknown$/i,
      ),
      details: { exitCode: 125 },
    });
  });

  const killSupervisor = () => {
    const mine = processIds().filter((pid) => commandLineOf(pid).includes(`\0${parent}\0`));
    for (const pid of mine) process.kill(pid, 'SIGKILL');
  };

  test('that is killed while the bundle is made is what the start failed of', async () => {
    const prepare = async () => {
      killSupervisor();
      // As a path through its root does, once it is gone.
      writeFileSync(join(parent, 'gone', 'config.json'), '');
    };
    await expect(startSupervised({ ...request(), prepare })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'the supervisor of the container failed: it was killed',
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  test('that is well does not hide what went wrong with the bundle', async () => {
    const prepare = async () => writeFileSync(join(parent, 'gone', 'config.json'), '');
    await expect(startSupervised({ ...request(), prepare })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(parent)).toEqual([]);
  });
});
