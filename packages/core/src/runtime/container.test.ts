import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerPaths } from './container-directory.ts';
import { isStarting, noteIdentity, readContainerFacts, waitForExit } from './container-facts.ts';
import { makeContainerId, parseContainerName } from './container-record.ts';
import { type ContainerFacts, CREATED_STATE, deriveState, ZERO_TIME } from './container-state.ts';
import { ADJECTIVES, SURNAMES } from './name-words.ts';
import { makeContainerName } from './names.ts';
import { identifyProcess, isProcessAlive } from './process-identity.ts';
import { selectProcesses } from './process-table.ts';
import { execError, lastRuntimeError, startError, startExitCode } from './runtime-errors.ts';

const STARTED = new Date('2026-01-01T00:00:00Z');
const ENDED = new Date('2026-01-01T00:01:00Z');
const NOTHING: ContainerFacts = { isAlive: false, oomKilled: false };
const ALIVE: ContainerFacts = { isAlive: true, oomKilled: false, pid: 42, startedAt: STARTED };
const OVER: ContainerFacts = { ...NOTHING, startedAt: STARTED, exit: { code: 3, at: ENDED } };
const RUNNING = { ...CREATED_STATE, status: 'running' as const, pid: 42, startedAt: STARTED.toISOString() };
const EXITED = {
  ...RUNNING,
  status: 'exited' as const,
  pid: 0,
  exitCode: 3,
  finishedAt: ENDED.toISOString(),
};

describe('deriveState', () => {
  test.each([
    { name: 'created, never started', recorded: CREATED_STATE, facts: NOTHING, want: CREATED_STATE },
    { name: 'created, seen running', recorded: CREATED_STATE, facts: ALIVE, want: RUNNING },
    { name: 'running still', recorded: RUNNING, facts: ALIVE, want: RUNNING },
    {
      name: 'paused still',
      recorded: { ...RUNNING, status: 'paused' as const },
      facts: ALIVE,
      want: { ...RUNNING, status: 'paused' },
    },
    { name: 'ended', recorded: RUNNING, facts: OVER, want: EXITED },
    {
      name: 'paused, then ended',
      recorded: { ...RUNNING, status: 'paused' as const },
      facts: OVER,
      want: EXITED,
    },
    { name: 'ended, unrecorded', recorded: CREATED_STATE, facts: OVER, want: EXITED },
    {
      name: 'killed for memory',
      recorded: RUNNING,
      facts: { ...OVER, oomKilled: true },
      want: { ...EXITED, oomKilled: true },
    },
    {
      name: 'gone with a restart of the system',
      recorded: RUNNING,
      facts: NOTHING,
      want: { ...RUNNING, status: 'exited', pid: 0, exitCode: 255 },
    },
    { name: 'recorded as ended, files gone', recorded: EXITED, facts: NOTHING, want: EXITED },
    {
      name: 'started again',
      recorded: EXITED,
      facts: ALIVE,
      want: { ...RUNNING, finishedAt: ENDED.toISOString() },
    },
    {
      name: 'failed to start',
      recorded: { ...CREATED_STATE, exitCode: 127, error: 'no' },
      facts: NOTHING,
      want: { ...CREATED_STATE, exitCode: 127, error: 'no' },
    },
  ])('tells what is $name', ({ recorded, facts, want }) => {
    expect(deriveState(recorded, facts)).toEqual(want);
  });

  test('knows no time as Go knows none', () => {
    expect(CREATED_STATE.startedAt).toBe(ZERO_TIME);
  });
});

describe.skipIf(process.platform !== 'linux')('facts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-facts-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('are none in an empty directory, or in none', async () => {
    expect(readContainerFacts(containerPaths(directory))).toEqual(NOTHING);
    expect(readContainerFacts(containerPaths(join(directory, 'none')))).toEqual(NOTHING);
  });

  test('tell a process from another one with its ID', async () => {
    const paths = containerPaths(directory);
    const self = identifyProcess(process.pid)!;
    expect(isProcessAlive(self)).toBe(true);
    await writeFile(paths.pid, `${process.pid}`);
    await writeFile(paths.process, JSON.stringify(self));
    expect(readContainerFacts(paths)).toMatchObject({ isAlive: true, pid: process.pid });
    await writeFile(paths.process, JSON.stringify({ ...self, startTicks: self.startTicks - 1 }));
    expect(readContainerFacts(paths).isAlive).toBe(false);
    await writeFile(paths.process, JSON.stringify({ ...self, bootId: 'another' }));
    expect(readContainerFacts(paths).isAlive).toBe(false);
    // The machine went down before the note was written; now another process has the ID.
    await rm(paths.process);
    expect(readContainerFacts(paths).isAlive).toBe(false);
    execFileSync('mkfifo', [paths.stdout]);
    expect(isStarting(paths)).toBe(false);
    const reader = openSync(paths.stdout, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      expect(readContainerFacts(paths)).toMatchObject({ isAlive: true, pid: process.pid });
      noteIdentity(paths);
      expect(JSON.parse(await readFile(paths.process, 'utf8'))).toEqual(self);
      await rm(paths.pid);
      expect(isStarting(paths)).toBe(true);
      await writeFile(paths.exit, '\n');
      expect(isStarting(paths)).toBe(true);
      await writeFile(paths.exit, '0\n');
      expect(isStarting(paths)).toBe(false);
    } finally {
      closeSync(reader);
    }
  });

  test('tell of a kill for memory', async () => {
    const paths = containerPaths(directory);
    await writeFile(paths.exit, '137\n');
    await writeFile(paths.memoryEvents, 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n');
    expect(readContainerFacts(paths)).toMatchObject({ oomKilled: false, exit: { code: 137 } });
    await writeFile(paths.memoryEvents, 'low 0\noom 1\noom_kill 2\n');
    expect(readContainerFacts(paths).oomKilled).toBe(true);
  });

  test('are waited for', async () => {
    const paths = containerPaths(directory);
    await writeFile(paths.process, JSON.stringify(identifyProcess(process.pid)));
    const waiting = waitForExit(paths);
    setTimeout(() => void writeFile(paths.exit, '4\n'), 30);
    expect((await waiting).exit?.code).toBe(4);
    await rm(paths.exit);
    await expect(waitForExit(paths, AbortSignal.timeout(30))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('names', () => {
  test('have words enough, each once', () => {
    expect(ADJECTIVES.length).toBeGreaterThanOrEqual(90);
    expect(SURNAMES.length).toBeGreaterThanOrEqual(200);
    for (const words of [ADJECTIVES, SURNAMES]) {
      expect(new Set(words).size).toBe(words.length);
      for (const word of words) expect(word).toMatch(/^[a-z]+$/);
    }
  });

  test('get a number when they are taken', () => {
    let seed = 0;
    const random = () => (seed++ * 0.618_033_988_749) % 1;
    expect(makeContainerName(random, () => false)).toMatch(/^[a-z]+_[a-z]+$/);
    expect(makeContainerName(random, (name) => !/\d\d$/.test(name))).toMatch(/^[a-z]+_[a-z]+\d\d$/);
  });

  test('are checked', () => {
    expect(parseContainerName('/a.b-c_1')).toBe('a.b-c_1');
    for (const bad of ['a b', '', 'a', '-ab', 'a/b'])
      expect(() => parseContainerName(bad)).toThrow(
        `Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      );
  });

  test('and IDs never read as numbers', () => {
    const bytes = [new Uint8Array(32), Uint8Array.from({ length: 32 }, () => 0xab)];
    expect(makeContainerId(() => bytes.shift()!)).toBe('ab'.repeat(32));
  });
});

describe('errors of runtimes', () => {
  test('are found in their logs', () => {
    const log =
      'text\n{"level":"warning","msg":"w"}\n{"level":"error","msg":"first"}\n{"level":"error","msg":"last"}\n{"le';
    expect(lastRuntimeError(log)).toBe('last');
    expect(lastRuntimeError('')).toBeUndefined();
  });

  test.each([
    { said: 'exec: "x": executable file not found in $PATH', code: 127 },
    { said: 'executable file `x` not found in $PATH: No such file or directory', code: 127 },
    { said: 'exec: "/none": stat /none: no such file or directory', code: 127 },
    { said: 'exec: "/etc": permission denied', code: 126 },
    { said: 'unable to apply cgroup configuration', code: 125 },
  ])('give exit codes: $said', ({ said, code }) => {
    expect(startExitCode(said)).toBe(code);
  });

  test('are told in Docker’s words, crun’s too', () => {
    expect(
      startError('crun', 'executable file `x` not found in $PATH: No such file or directory').message,
    ).toBe(
      'failed to create shim task: OCI runtime create failed: exec: "x": executable file not found in $PATH: unknown',
    );
    const noSuch =
      'exec failed: unable to start container process: exec: "x": executable file not found in $PATH';
    expect(execError('runc', noSuch)).toMatchObject({
      message: `OCI runtime exec failed: ${noSuch}: unknown`,
      details: { exitCode: 127 },
    });
    expect(execError('runc', 'exec failed: Cwd must be an absolute path').details).toEqual({ exitCode: 126 });
    expect(startError('runc', 'Incorrect Usage: flag provided but not defined: -x')).toMatchObject({
      code: 'UNSUPPORTED',
      details: { exitCode: 125 },
    });
  });
});

describe('processes', () => {
  const PS = 'UID   PID  PPID CMD\nroot    7     1 sleep  600\nroot    8     1 x\n';

  test('are selected', () => {
    expect(selectProcesses(PS, [7])).toEqual({
      titles: ['UID', 'PID', 'PPID', 'CMD'],
      processes: [['root', '7', '1', 'sleep 600']],
    });
    expect(() => selectProcesses('CMD\nx\n', [7])).toThrow("Couldn't find PID field in ps output");
  });
});
