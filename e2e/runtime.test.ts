import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ContainerPaths, containerPaths } from '../packages/core/src/runtime/container-directory.ts';
import { readContainerFacts, waitForExit } from '../packages/core/src/runtime/container-facts.ts';
import type { ContainerOptions } from '../packages/core/src/runtime/container-options.ts';
import { makeContainerId } from '../packages/core/src/runtime/container-record.ts';
import { CREATED_STATE, deriveState } from '../packages/core/src/runtime/container-state.ts';
import { execInContainer, execProcess } from '../packages/core/src/runtime/exec.ts';
import { attachToContainer } from '../packages/core/src/runtime/monitor/attach-client.ts';
import { readLog } from '../packages/core/src/runtime/monitor/log-reader.ts';
import { JsonFileLog } from '../packages/core/src/runtime/monitor/log-writer.ts';
import { ContainerMonitor } from '../packages/core/src/runtime/monitor/monitor.ts';
import { startMonitorProcess } from '../packages/core/src/runtime/monitor/monitor-process.ts';
import { type OciRuntime, openRuntime } from '../packages/core/src/runtime/oci-runtime.ts';
import { processTable } from '../packages/core/src/runtime/process-table.ts';
import { type Bundle, writeBundle } from '../packages/core/src/runtime/spec/bundle.ts';
import { capabilitiesOfMask, DEFAULT_CAPABILITIES } from '../packages/core/src/runtime/spec/capabilities.ts';
import type { ImageDefaults } from '../packages/core/src/runtime/spec/process-spec.ts';
import { closePipes, startSupervised } from '../packages/core/src/runtime/supervisor.ts';
import type { StdinMode } from '../packages/core/src/runtime/supervisor-process.ts';
import { describeWith } from './needs.ts';

const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const ENTRY = new URL('../packages/core/dist/runtime/monitor/monitor-main.js', import.meta.url);
const IMAGE: ImageDefaults = { Cmd: ['sh'] };
const needs = { linux: true, root: true, programs: ['runc'], paths: [BUSYBOX] };

let scratch: string;
let rootfs: string;
let runtime: OciRuntime;
const live: string[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wherry-runtime-'));
  await chmod(scratch, 0o755);
});
afterEach(async () => {
  for (const id of live.splice(0)) await runtime.delete(id, { force: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly paths: ContainerPaths;
}

interface Prepared {
  readonly id: string;
  readonly paths: ContainerPaths;
  readonly bundle: Bundle;
  readonly log: string;
}

async function prepare(options: ContainerOptions, image: ImageDefaults = IMAGE): Promise<Prepared> {
  const id = makeContainerId(randomBytes);
  live.push(id);
  const paths = containerPaths(join(scratch, id.slice(0, 12)));
  await mkdir(paths.directory);
  const bundle = await writeBundle({ id, image, options: { network: 'none', ...options }, rootfs, paths });
  return { id, paths, bundle, log: join(paths.directory, 'json.log') };
}

async function start({ id, paths, bundle }: Prepared, options: ContainerOptions, stdin: StdinMode = 'none') {
  const { memoryEvents } = bundle;
  return await startSupervised({
    ...{ runtime, id, paths, stdin },
    ...(options.tty && { tty: { rows: 24, columns: 80, ...options.consoleSize } }),
    ...(memoryEvents !== undefined && { memoryEvents }),
  });
}

async function run(options: ContainerOptions, input?: string): Promise<Ran> {
  const prepared = await prepare(options);
  const { pipes } = await start(prepared, options, input === undefined ? 'none' : 'once');
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const monitor = await ContainerMonitor.open({
    paths: prepared.paths,
    log: new JsonFileLog(prepared.log),
    sink: (stream, chunk) => void chunks[stream].push(chunk),
    pipes,
  });
  const running = monitor.run();
  if (input !== undefined) {
    await monitor.writeStdin(Buffer.from(input));
    if (!options.tty) monitor.endStdin();
  }
  await running;
  const { exit } = await waitForExit(prepared.paths);
  const text = (name: 'stdout' | 'stderr') => Buffer.concat(chunks[name]).toString();
  return { code: exit?.code ?? -1, stdout: text('stdout'), stderr: text('stderr'), paths: prepared.paths };
}

const sh = (script: string, options: ContainerOptions = {}) =>
  run({ command: ['sh', '-c', script], ...options });

async function logOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readLog(path))
    lines.push(...batch.map((entry) => `${entry.stream}: ${entry.text}`));
  return lines;
}

describeWith(needs, 'runc runs busybox', () => {
  beforeAll(async () => {
    rootfs = join(scratch, 'rootfs');
    await mkdir(join(rootfs, 'home/app'), { recursive: true });
    execFileSync('tar', ['-xzf', BUSYBOX, '-C', rootfs]);
    await writeFile(
      join(rootfs, 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n',
    );
    await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\nstaff:x:50:app\napp:x:1000:\n');
    runtime = openRuntime({ stateDirectory: join(scratch, 'state') });
  });

  test('and tells output, errors and exit code', async () => {
    const { code, stdout, stderr, paths } = await sh('echo out; echo err >&2; exit 5');
    expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: 'out\n', stderr: 'err\n' });
    expect((await logOf(join(paths.directory, 'json.log'))).sort()).toEqual([
      'stderr: err\n',
      'stdout: out\n',
    ]);
    const state = deriveState(CREATED_STATE, readContainerFacts(paths));
    expect(state).toMatchObject({ status: 'exited', exitCode: 5, oomKilled: false });
    expect(Date.parse(state.finishedAt)).toBeGreaterThanOrEqual(Date.parse(state.startedAt));
  });

  test('as users of its own files', async () => {
    expect((await sh('id', { user: 'app' })).stdout).toBe(
      'uid=1000(app) gid=1000(app) groups=50(staff),1000(app)\n',
    );
    expect((await sh('echo $HOME; id', { user: '4242' })).stdout).toBe(
      '/\nuid=4242 gid=0(root) groups=0(root)\n',
    );
    expect((await sh('id', { user: '1234:5678' })).stdout).toBe('uid=1234 gid=5678 groups=5678\n');
  });

  test('with environment, directory and host name', async () => {
    const { stdout } = await sh('env | sort; pwd; hostname; cat /etc/hosts /etc/hostname', {
      env: ['A=1', 'B=two words'],
      workingDir: '/new/dir',
      hostname: 'me',
      extraHosts: ['db:10.0.0.5'],
    });
    expect(stdout).toMatch(/^A=1\nB=two words\nHOME=\/root\nHOSTNAME=me\nPATH=[^\n]+\n/);
    expect(stdout).toMatch(/\n\/new\/dir\nme\n127\.0\.0\.1\tlocalhost\n/);
    expect(stdout).toMatch(/10\.0\.0\.5\tdb\nme\n$/);
  });

  test('with Docker’s capabilities, filters and nothing more', async () => {
    const { stdout } = await sh('grep -E "Cap|Seccomp:|NoNewPrivs" /proc/self/status');
    const mask = (name: string) => new RegExp(`${name}:\\s*([0-9a-f]+)`).exec(stdout)?.[1] ?? '';
    for (const name of ['CapPrm', 'CapEff', 'CapBnd'])
      expect([...capabilitiesOfMask(mask(name))].sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
    expect(BigInt(`0x${mask('CapInh')}`)).toBe(0n);
    expect(stdout).toMatch(/Seccomp:\s*2/);
    expect(stdout).toMatch(/NoNewPrivs:\s*0/);
    expect((await sh('unshare -n true')).stderr).toMatch(/Operation not permitted/);
    expect((await sh('mount -t tmpfs x /tmp')).stderr).toMatch(/permission denied|not permitted/i);
    const options = { capAdd: ['SYS_ADMIN'], security: { seccomp: 'unconfined' } };
    expect((await sh('unshare -n true && mount -t tmpfs x /tmp', options)).code).toBe(0);
  });

  test('with mounts', async () => {
    const source = join(scratch, 'volume');
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'file'), 'from host\n');
    const { stdout, stderr, code } = await sh(
      'cat /m/file; mount | grep -c "on /scratch type tmpfs"; df -k /dev/shm | tail -1 | awk "{print \\$2}"; touch /m/x',
      {
        mounts: [
          { type: 'bind', source, target: '/m', readOnly: true },
          { type: 'tmpfs', target: '/scratch' },
        ],
      },
    );
    expect(stdout).toBe('from host\n1\n65536\n');
    expect(stderr).toMatch(/Read-only file system/);
    expect(code).toBe(1);
    expect((await sh('touch /x', { readOnlyRootfs: true })).stderr).toMatch(/Read-only file system/);
  });

  test('hides and protects what Docker does', async () => {
    const { stdout } = await sh(
      'wc -c </proc/keys; echo 1 >/proc/sys/kernel/panic; ls /sys/firmware | wc -l; cat /proc/net/dev | wc -l',
    );
    expect(stdout).toBe('0\n0\n3\n');
  });

  test('with input', async () => {
    expect(await run({ command: ['cat'] }, 'line1\nline2\n')).toMatchObject({
      stdout: 'line1\nline2\n',
      code: 0,
    });
    expect((await sh('cat')).stdout).toBe('');
    const big = 'x'.repeat(300_000);
    expect((await run({ command: ['wc', '-c'] }, big)).stdout.trim()).toBe('300000');
  });

  test('on a terminal', async () => {
    const options = { tty: true, consoleSize: { rows: 40, columns: 120 } };
    const { stdout, stderr } = await sh('echo a; echo b >&2; tty; stty size; echo $TERM', options);
    expect({ stdout, stderr }).toEqual({ stdout: 'a\r\nb\r\n/dev/pts/0\r\n40 120\r\nxterm\r\n', stderr: '' });
    const typed = await run({ command: ['sh', '-c', 'read x; echo "got $x"; exit 3'], tty: true }, 'hello\n');
    expect(typed).toMatchObject({ stdout: 'hello\r\ngot hello\r\n', code: 3 });
  });

  test('with an init', async () => {
    expect((await sh('kill -15 $$', { init: true })).code).toBe(143);
    expect((await sh('kill -9 $$')).code).toBe(0);
  });

  test.each([
    { argv: ['nosuch'], exitCode: 127, text: 'exec: "nosuch": executable file not found in $PATH' },
    { argv: ['/none'], exitCode: 127, text: 'exec: "/none": stat /none: no such file or directory' },
    { argv: ['/etc/passwd'], exitCode: 126, text: 'exec: "/etc/passwd": permission denied' },
    { argv: ['/etc'], exitCode: 126, text: 'exec: "/etc": permission denied' },
  ])('and tells why it can’t run $argv', async ({ argv, exitCode, text }) => {
    await expect(run({ command: argv })).rejects.toMatchObject({
      message: `failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${text}: unknown`,
      details: { exitCode },
    });
  });

  test('within limits', async () => {
    const limits = { memoryBytes: 32 << 20, memorySwapBytes: 32 << 20 };
    const { code, paths } = await sh('head -c 60000000 /dev/zero | tail', {
      resources: limits,
    });
    expect(code).not.toBe(0);
    expect(readContainerFacts(paths).oomKilled).toBe(true);
    // The runtime's own threads count until the container's program runs.
    const forks = await sh('i=0; while [ $i -lt 40 ]; do i=$((i + 1)); sleep 1 & done; wait', {
      resources: { pidsLimit: 30 },
    });
    expect(forks.stderr).toMatch(/can't fork/);
    expect((await sh('ulimit -n', { ulimits: [{ name: 'nofile', soft: 100, hard: 200 }] })).stdout).toBe(
      '100\n',
    );
  });

  test('and sends signals, pauses, lists processes and runs more', async () => {
    const options = { command: ['sleep', '600'] };
    const prepared = await prepare(options);
    const { pid, pipes } = await start(prepared, options);
    closePipes(pipes);
    expect(await runtime.state(prepared.id)).toEqual({ status: 'running', pid });
    await runtime.pause(prepared.id);
    expect((await runtime.state(prepared.id))?.status).toBe('paused');
    await runtime.resume(prepared.id);
    const table = await processTable(await runtime.processIds(prepared.id));
    expect(table.processes.map((row) => row.at(-1))).toEqual(['sleep 600']);
    const out: string[] = [];
    const exec = async (args: string[], terminal = false) => {
      const session = await execInContainer({
        ...{ runtime, id: prepared.id, paths: prepared.paths },
        process: execProcess(prepared.bundle.spec.process, { args, terminal }),
        sink: (stream, chunk) => void out.push(`${stream}: ${Buffer.from(chunk)}`),
      });
      return await session.exitCode;
    };
    expect(await exec(['sh', '-c', 'echo hi; exit 9'])).toBe(9);
    expect(await exec(['sh', '-c', 'stty size; exit 8'], true)).toBe(8);
    expect(out).toEqual(['stdout: hi\n', 'stdout: 24 80\r\n']);
    await expect(exec(['nosuch'])).rejects.toMatchObject({ details: { exitCode: 127 } });
    expect(out).toHaveLength(2);
    await runtime.kill(prepared.id, 'KILL');
    expect((await waitForExit(prepared.paths)).exit?.code).toBe(137);
    await expect(runtime.kill(prepared.id, 'KILL')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await runtime.state(prepared.id)).toBeUndefined();
  });

  test('detached, with a log and those who attach', async () => {
    const options = { command: ['sh', '-c', 'echo first; while read x; do echo "got $x"; done; echo end'] };
    const prepared = await prepare(options);
    const { pipes } = await start(prepared, options, 'once');
    const task = { directory: prepared.paths.directory, logPath: prepared.log };
    startMonitorProcess(task, { entry: ENTRY, pipes });
    const seen: string[] = [];
    const one = await attachToContainer(prepared.paths);
    const reading = one.output((_, chunk) => void seen.push(Buffer.from(chunk).toString()));
    await one.write(Buffer.from('one\n'));
    await one.detach();
    await reading;
    const two = await attachToContainer(prepared.paths);
    const rest = two.output((_, chunk) => void seen.push(Buffer.from(chunk).toString()));
    await two.write(Buffer.from('two\n'));
    await two.endStdin();
    await rest;
    expect(seen.join('')).toContain('got two\nend\n');
    expect((await waitForExit(prepared.paths)).exit?.code).toBe(0);
    expect((await logOf(prepared.log)).join('')).toBe(
      ['first', 'got one', 'got two', 'end'].map((line) => `stdout: ${line}\n`).join(''),
    );
  });

  test('on, when its monitor is killed, and its state stays right', async () => {
    const script = 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 7';
    const options = { command: ['sh', '-c', script] };
    const prepared = await prepare(options);
    const { pipes } = await start(prepared, options);
    const one = await ContainerMonitor.open({
      paths: prepared.paths,
      log: new JsonFileLog(prepared.log),
      pipes,
    });
    setTimeout(() => one.stop(), 30);
    await one.run();
    await sleep(100);
    const two = await ContainerMonitor.open({ paths: prepared.paths, log: new JsonFileLog(prepared.log) });
    await two.run();
    expect((await waitForExit(prepared.paths)).exit?.code).toBe(7);
    const lines = await logOf(prepared.log);
    expect(lines.length).toBeGreaterThanOrEqual(20_000);
    expect(lines.map((line) => line.slice('stdout: '.length)).join('')).toBe(
      Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(''),
    );
  });

  test('and has its exit code though nobody read what it printed when it ended', async () => {
    const options = { command: ['sh', '-c', 'head -c 200000 /dev/zero | tr "\\0" x; exit 4'] };
    const prepared = await prepare(options);
    const { pid, pipes } = await start(prepared, options);
    closePipes(pipes);
    await sleep(300);
    process.kill(pid, 'SIGKILL');
    await sleep(300);
    expect(readContainerFacts(prepared.paths)).toMatchObject({ isAlive: true });
    const monitor = await ContainerMonitor.open({
      paths: prepared.paths,
      log: new JsonFileLog(prepared.log),
    });
    await monitor.run();
    expect((await waitForExit(prepared.paths)).exit?.code).toBe(137);
    expect((await logOf(prepared.log)).length).toBeGreaterThan(0);
  });

  test('and is known to have ended when all that watched were killed', async () => {
    const options = { command: ['sleep', '600'] };
    const prepared = await prepare(options);
    const { pid, pipes } = await start(prepared, options);
    closePipes(pipes);
    const supervisors = execFileSync('pgrep', ['-f', prepared.paths.directory]).toString().trim().split('\n');
    for (const each of supervisors) process.kill(Number(each), 'SIGKILL');
    const running = deriveState(CREATED_STATE, readContainerFacts(prepared.paths));
    expect(running).toMatchObject({ status: 'running', pid });
    process.kill(pid, 'SIGKILL');
    const facts = await waitForExit(prepared.paths);
    expect(deriveState(running, facts)).toMatchObject({ status: 'exited', exitCode: 255, pid: 0 });
    const again = await start(prepared, options);
    closePipes(again.pipes);
    expect(readContainerFacts(prepared.paths)).toMatchObject({ isAlive: true, pid: again.pid });
    await expect(start(prepared, options)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
