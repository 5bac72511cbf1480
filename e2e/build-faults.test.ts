import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BUSYBOX, buildContext, buildTracesOf } from './builds.ts';
import { describeWith } from './needs.ts';
import { type Result, Sandbox, tryRun, WHERRY } from './wherry.ts';

const needs = {
  linux: true,
  root: true,
  programs: ['runc', 'unshare', 'mount', 'setpriv'],
  paths: [BUSYBOX],
};
/** In the command line of what runs in the steps. */
const MARKER = `78${process.pid}`;
const NOBODY = '65534';
const PRINTED_BYTES = 100_000_000;
const MAX_PRINTING_KB = 200 * 1024;

describeWith(needs, 'a build', () => {
  const sandbox = new Sandbox();
  const { root } = sandbox;
  const contextOf = (dockerfile: string, files: Readonly<Record<string, string>> = {}) =>
    buildContext(sandbox, { Dockerfile: `FROM busybox:1\n${dockerfile}\n`, ...files });
  const build = (dockerfile: string, ...flags: string[]) =>
    sandbox.try('build', ...flags, contextOf(dockerfile));

  beforeAll(() => sandbox.wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1'));
  afterEach(async () => {
    await expect.poll(() => buildTracesOf(root, MARKER), { timeout: 10_000, interval: 20 }).toEqual([]);
    expect(readdirSync(join(root, 'build/scratch'))).toEqual([]);
    expect(await sandbox.wherry('system', 'check')).toContain('no faults');
  });
  afterAll(() => sandbox[Symbol.dispose]());

  test('ends at an interrupt with what it runs', async () => {
    const running = sandbox.start('build', contextOf(`RUN echo up; sleep ${MARKER}`));
    await expect.poll(() => running.stdout, { timeout: 60_000, interval: 20 }).toContain('up\n');
    expect(await running.kill('SIGINT')).toMatchObject({ status: 130, signal: null });
  });

  test('waits for another one that makes the same step, and takes what that made', async () => {
    const context = contextOf('RUN sleep 1; head -c 8 /dev/urandom >/random');
    const ids = await Promise.all([1, 2, 3].map(() => sandbox.wherry('build', '-q', context)));
    expect(new Set(ids).size).toBe(1);
    expect(await sandbox.wherry('build', '-q', '--no-cache', context)).not.toBe(ids[0]);
  });

  test.each([
    {
      name: 'its exit code',
      run: 'echo out; echo err >&2; exit 7',
      code: 7,
      text: "The command '/bin/sh -c echo out; echo err >&2; exit 7' returned a non-zero code: 7\n",
    },
    {
      name: 'a signal',
      run: `sh -c 'kill -9 $$'; exit $?`,
      code: 137,
      text: 'returned a non-zero code: 137\n',
    },
    { name: 'an unknown program', run: '["nosuch"]', code: 1, text: 'executable file not found in $PATH' },
  ])('fails with a command: $name', async ({ run, code, text }) => {
    const failed = await build(`RUN ${run}`);
    expect(failed).toMatchObject({ status: code });
    expect(failed.stderr).toContain(text);
  });

  test('hands on 100 MB in little memory, however slow its reader is', async () => {
    const line = 'x'.repeat(999);
    const context = contextOf(`RUN yes ${line} | head -c ${PRINTED_BYTES}`);
    const report = sandbox.file('time');
    const timed = `/usr/bin/time -o ${report} -f %M "$@" | { sleep 1; wc -c; }`;
    const command = [process.execPath, WHERRY, 'build', context];
    const counted = await tryRun({ env: sandbox.environment }, 'sh', '-c', timed, 'sh', ...command);
    expect(counted).toMatchObject({ status: 0, stderr: '' });
    expect(Number(counted.stdout)).toBeGreaterThan(PRINTED_BYTES);
    expect(Number(execFileSync('cat', [report], { encoding: 'utf8' }))).toBeLessThan(MAX_PRINTING_KB);
  });

  test('without a runtime copies, and says in one line why it cannot run', async () => {
    const hide = 'for p in runc crun youki; do f=$(command -v $p) && mount --bind /dev/null "$f"; done';
    const script = `PATH=$PATH:/usr/sbin:/sbin; ${hide}; exec "$@"`;
    const without = (context: string) => {
      const command = ['-c', script, 'sh', process.execPath, WHERRY, 'build', '-q', context];
      return tryRun({ env: sandbox.environment }, 'unshare', '-m', 'sh', ...command);
    };
    expect(await without(contextOf('COPY Dockerfile /\nWORKDIR /a'))).toMatchObject({
      status: 0,
      stderr: '',
    });
    const failed = await without(contextOf('RUN true'));
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(lastLines(failed)).toMatch(/^.*needs runc, crun or youki, none is found in \$PATH$/m);
  });

  test('tells of a file that changes while it is read, and reads it again the next time', async () => {
    const context = contextOf('COPY . /all', { changing: '' });
    const changing = join(context, 'changing');
    truncateSync(changing, 1 << 30);
    const running = sandbox.start('build', context);
    const change = () => truncateSync(changing, (1 << 30) + Math.floor(performance.now()));
    await expect.poll(() => running.stdout, { timeout: 60_000, interval: 20 }).toContain('COPY . /all');
    const often = setInterval(change, 20);
    const failed = await running.result;
    clearInterval(often);
    expect(failed).toMatchObject({ status: 1 });
    expect(failed.stderr).toContain('changing changed while the build context was read');
    truncateSync(changing, 10);
    await sandbox.wherry('build', '-q', context);
  });

  test('takes odd files as they are, and leaves sockets out', async () => {
    const context = contextOf('COPY . /all\nRUN ls -1 /all | od -An -c; readlink /all/loop', { file: '' });
    symlinkSync('loop', join(context, 'loop'));
    writeFileSync(Buffer.from(join(context, 'caf\xe9'), 'latin1'), '');
    execFileSync('mkfifo', [join(context, 'fifo')]);
    const server = createServer().listen(join(context, 'socket'));
    await expect.poll(() => server.listening).toBe(true);
    const built = await sandbox.try('build', context);
    server.close();
    expect(built).toMatchObject({ status: 0 });
    expect(built.stderr + built.stdout).toContain('a socket is not sent to the builder');
    const listed = built.stdout.replaceAll(/ +/g, '').replaceAll('\n', '');
    expect(listed).toContain('Dockerfile\\ncaf351\\nfifo\\nfile\\nloop\\n');
    expect(built.stdout).not.toContain('socket\\n');
  });

  test.each([
    { name: 'a loop', source: 'loop', text: 'too many levels of symbolic links' },
    { name: 'through a loop', source: 'loop/x', text: 'too many levels of symbolic links' },
    { name: 'a link that leads out', source: 'out', text: 'stat out: file does not exist' },
    { name: 'through a link that leads out', source: 'out/hostname', text: 'file does not exist' },
    { name: 'through an absolute link', source: 'absolute/hostname', text: 'file does not exist' },
    {
      name: 'above the context',
      source: '../../etc/hostname',
      text: 'forbidden path outside the build context',
    },
  ])('does not copy $name', async ({ source, text }) => {
    const context = contextOf(`COPY ${source} /copied`);
    symlinkSync('loop', join(context, 'loop'));
    symlinkSync(`${'../'.repeat(12)}etc`, join(context, 'out'));
    symlinkSync('/etc', join(context, 'absolute'));
    const refused = await sandbox.try('build', context);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/^COPY failed: /);
    expect(refused.stderr).toContain(text);
  });
});

describeWith(needs, 'a build of somebody without rights', () => {
  const sandbox = new Sandbox();
  beforeAll(() => execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, sandbox.path]));
  afterAll(() => sandbox[Symbol.dispose]());

  /** Who cannot make a namespace. */
  function build(context: string, ...flags: string[]): Promise<Result> {
    const bin = sandbox.directory('bin');
    writeFileSync(join(bin, 'unshare'), '#!/bin/sh\necho "unshare: Operation not permitted" >&2\nexit 1\n');
    chmodSync(join(bin, 'unshare'), 0o755);
    const env = { ...sandbox.environment, PATH: `${bin}:${process.env.PATH}` };
    const identity = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--'];
    const command = [process.execPath, WHERRY, 'build', ...flags, context];
    return tryRun({ env, cwd: sandbox.path }, 'setpriv', ...identity, ...command);
  }

  test('copies without a namespace, to the very image that root builds', async () => {
    const context = buildContext(sandbox, {
      Dockerfile: 'FROM scratch\nCOPY --chown=1:2 . /all\nWORKDIR /made\nADD a.tar /\n',
      'dir/file': 'x',
    });
    execFileSync('tar', ['--owner=7', '--group=8', '-cf', join(context, 'a.tar'), '-C', context, 'dir']);
    const built = await build(context, '-q');
    expect(built).toMatchObject({ status: 0, stderr: '' });
    using root = new Sandbox();
    expect(await root.wherry('build', '-q', context)).toBe(built.stdout);
  });

  test('says in one line why it cannot run', async () => {
    const refused = await build(buildContext(sandbox, { Dockerfile: 'FROM scratch\nCOPY . /\nRUN true\n' }));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/without root is not possible|RUN needs root/);
    expect(refused.stderr.trim().split('\n').length, refused.stderr).toBeLessThanOrEqual(2);
  });

  test.each([
    { name: 'file', mode: 0o000, text: /open \S*secret: permission denied|can't stat '\S*secret'/ },
    { name: 'directory', mode: 0o000, text: /can't stat '\S*secret'/ },
  ])('names a $name that it may not read', async ({ name, mode, text }) => {
    const context = buildContext(sandbox, { Dockerfile: 'FROM scratch\nCOPY . /\n', b: '' });
    const secret = join(context, 'secret');
    if (name === 'file') writeFileSync(secret, '');
    else mkdirSync(secret);
    chmodSync(secret, mode);
    const refused = await build(context);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(text);
    writeFileSync(join(context, '.dockerignore'), 'secret\n');
    expect(await build(context)).toMatchObject({ status: 0 });
  });
});

describeWith(needs, 'a build on a small disk', () => {
  const sandbox = new Sandbox();
  const disk = sandbox.directory('disk');
  const root = join(disk, 'root');
  beforeAll(() => void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'small', disk]));
  afterAll(() => {
    execFileSync('umount', ['-l', disk]);
    sandbox[Symbol.dispose]();
  });

  test.each([
    { name: 'a layer of files', step: 'COPY large /' },
    { name: 'what a command writes', step: `RUN echo ${MARKER}; dd if=/dev/zero of=/big bs=64k count=1000` },
    { name: 'the layer of that', step: `RUN echo ${MARKER}; dd if=/dev/zero of=/big bs=64k count=400` },
  ])('that is full of $name keeps nothing half-made', async ({ step }) => {
    await sandbox.at(root, 'import', BUSYBOX, 'busybox:1');
    const context = buildContext(sandbox, { Dockerfile: `FROM busybox:1\nENV A=1\n${step}\n` });
    writeFileSync(join(context, 'large'), '');
    truncateSync(join(context, 'large'), 60 << 20);
    const full = await sandbox.try('--root', root, 'build', context);
    expect(full.status).not.toBe(0);
    expect((full.stderr + full.stdout).toLowerCase()).toContain('no space left on device');
    expect(full.stderr).not.toMatch(/^\s+at |internal error/m);
    await expect.poll(() => buildTracesOf(root, MARKER), { timeout: 10_000 }).toEqual([]);
    expect(readdirSync(join(root, 'build/scratch'))).toEqual([]);
    expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
    const small = buildContext(sandbox, { Dockerfile: 'FROM busybox:1\nENV A=1\nRUN echo x >/x\n' });
    await sandbox.at(root, 'build', '-q', small);
  });
});

function lastLines({ stderr }: Result): string {
  return stderr.trim().split('\n').slice(-2).join('\n');
}
