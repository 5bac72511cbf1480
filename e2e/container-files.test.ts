import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import { SHARED } from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox, tryRun } from './wherry.ts';

const BUSYBOX = join(SHARED, 'images/busybox-musl-amd64/rootfs.tar.gz');
const needs = { linux: true, root: true, programs: ['runc', 'tar'], paths: [BUSYBOX] };

/** Changes of every kind, and some that are none. */
const CHANGES = [
  'echo new >/new; chmod 4755 /new; chown 12:34 /new; mkdir -p /data/x; touch -t 200102030405.06 /data/x/old',
  'rm /bin/vi; rm -r /var/spool; rm -r /home; mkdir /home; echo again >/home/inner; rm /bin/wc; echo n >/bin/wc',
  'mkfifo /data/fifo; mknod /data/dev c 1 3; ln -s ../new /data/soft; ln /new /data/hard; chmod 604 /etc/shadow',
  'rm -r /usr/sbin; mkdir /usr/sbin; echo x >/usr/sbin/q; rm -r /etc/network; mkdir -p /etc/network/new',
  'mkdir /tmp/q; rmdir /tmp/q; touch -r /etc/group /tmp/t; touch /etc/group; touch -r /tmp/t /etc/group; rm /tmp/t',
].join('; ');
/** What Docker makes in each container, and times that depend on when that was. */
const DOCKERS = /^(?:\.dockerenv|dev\/(?:console|pts|shm)|etc\/mtab)\/?$/;

const sandbox = new Sandbox();
const wherry = (...args: string[]) => sandbox.wherry(...args);
const files = sandbox.directory('files');
const at = (...names: string[]) => join(files, ...names);

async function failureOf(...args: string[]): Promise<string> {
  const { status, stderr } = await sandbox.try(...args);
  expect(status).toBe(1);
  return stderr.trimEnd();
}

/** Name, kind, mode, owner, size and link of each entry, in the order of the archive. */
async function entriesOf(archive: string): Promise<string[]> {
  const list = await run('tar', '--numeric-owner', '-tvf', archive);
  return list
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^(\S+ +\S+ +\S+) \S+ \S+ /, '$1 '))
    .filter((line) => !DOCKERS.test(line.split(' ').filter(Boolean)[3] ?? ''));
}

function writeTree(): void {
  mkdirSync(at('src/sub'), { recursive: true });
  writeFileSync(at('src/a'), '1\n');
  chmodSync(at('src/a'), 0o640);
  symlinkSync('a', at('src/l'));
  symlinkSync('src', at('link'));
  for (const name of ['src', 'src/a', 'src/sub']) chownSync(at(name), 1000, 1001);
}

describeWith(needs, 'the files of a container', () => {
  beforeAll(async () => {
    writeTree();
    await wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    await wherry('run', '--name', 'c1', '--network', 'none', 'busybox:1', 'sh', '-c', CHANGES);
    const mounts = ['-v', `${files}:/vol`, '-v', `${at('src')}:/ro:ro`, '--tmpfs', '/tm'];
    const make = 'mkdir -p /d/sub; echo hi >/d/f; ln -s /d /ld; ln -s d/f /lf; chown 5:6 /d/f';
    const live = ['run', '-d', '--name', 'live', '--network', 'none'];
    await wherry(...live, ...mounts, 'busybox:1', 'sleep', '1000');
    await wherry('exec', 'live', 'sh', '-c', make);
    await wherry('create', '--name', 'fresh', '--network', 'none', ...mounts, 'busybox:1');
  });
  afterAll(async () => {
    for (const id of (await wherry('ps', '-aq')).split('\n').filter(Boolean)) await wherry('rm', '-f', id);
    sandbox[Symbol.dispose]();
  });

  const inside = (...command: string[]) => wherry('exec', 'live', ...command);

  describeWith({ programs: ['docker', 'dockerd'] }, 'and Docker', () => {
    let docker: Peer;
    const dockerDo = (...args: string[]) => run('docker', '-H', docker.address, ...args);
    beforeAll(async () => {
      docker = await startDockerd(sandbox.directory('docker'));
      await dockerDo('import', BUSYBOX, 'busybox:1');
      await dockerDo('run', '--name', 'c1', '--network', 'none', 'busybox:1', 'sh', '-c', CHANGES);
    });
    afterAll(() => docker?.stop());

    test('tell the same changes', async () => {
      const sorted = (text: string) => text.trimEnd().split('\n').sort();
      const ours = await wherry('diff', 'c1');
      expect(sorted(ours)).toEqual(sorted(await dockerDo('diff', 'c1')));
      const paths = ours
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(2));
      for (const path of paths) {
        const parent = paths.indexOf(path.slice(0, path.lastIndexOf('/')));
        expect(parent).toBeLessThan(paths.indexOf(path));
      }
    });

    test('export and copy the same archives', async () => {
      for (const args of [
        ['export', 'c1'],
        ['cp', 'c1:/data', '-'],
        ['cp', 'c1:/home/.', '-'],
      ]) {
        const [ours, theirs] = [sandbox.file('ours.tar'), sandbox.file('theirs.tar')];
        await run('sh', '-c', `docker -H ${docker.address} ${args.join(' ')} >${theirs}`);
        writeFileSync(ours, Buffer.from(await binary(...args)));
        expect(await entriesOf(ours)).toEqual(await entriesOf(theirs));
      }
    });
  });

  async function binary(...args: string[]): Promise<Uint8Array> {
    const path = sandbox.file('out.tar');
    const { environment } = sandbox;
    const words = [process.execPath, process.env.WHERRY_E2E_PROGRAM ?? 'apps/cli/dist/wherry.js', ...args];
    await tryRun({ env: environment }, 'sh', '-c', `${words.join(' ')} >${path}`);
    return readFileSync(path);
  }

  test('come out as they are asked for', async () => {
    await wherry('cp', 'live:/d', at('new/'));
    await wherry('cp', 'live:/d', at('new'));
    await wherry('cp', 'live:/ld/.', at('content'));
    await wherry('cp', 'live:/lf', at('soft'));
    await wherry('cp', '-L', 'live:/lf', at('followed'));
    await wherry('cp', '-a', 'live:/d/f', at('kept'));
    expect(readdirSync(at('new')).sort()).toEqual(['d', 'f', 'sub']);
    expect(readdirSync(at('content')).sort()).toEqual(['f', 'sub']);
    expect(await run('readlink', at('soft'))).toBe('d/f\n');
    expect(readFileSync(at('followed'), 'utf8')).toBe('hi\n');
    expect(statSync(at('content/f'))).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(at('kept'))).toMatchObject({ uid: 5, gid: 6 });
    expect(await failureOf('cp', 'live:/none', '-')).toBe(
      'Error: Could not find the file /none in container live',
    );
    expect(await failureOf('cp', 'live:/d', at('kept'))).toBe('cannot copy directory');
    expect(await failureOf('cp', 'live:/d/f', at('none/'))).toBe('no such directory');
    const { stderr } = await sandbox.try('cp', '--quiet=false', 'live:/d/f', at('kept'));
    expect(stderr).toBe(`Successfully copied 3B (transferred 2.05kB) to ${at('kept')}\n`);
  });

  test('go into one that runs, through what is mounted in it', async () => {
    for (const [from, to] of [
      [at('src'), '/in'],
      [`${at('src')}/.`, '/in'],
      [at('src/a'), '/lf'],
      [at('src/a'), '/tm/a'],
      [at('src/a'), '/vol/fromhost'],
      [at('link'), '/d'],
    ])
      await wherry('cp', from ?? '', `live:${to}`);
    await wherry('cp', '-a', at('src/a'), 'live:/owned');
    expect(
      await inside(
        'sh',
        '-c',
        'cd /; stat -c "%n %a %u:%g" in in/a in/sub owned tm/a; cat d/f; readlink d/link; readlink lf',
      ),
    ).toBe('in 755 0:0\nin/a 640 0:0\nin/sub 755 0:0\nowned 640 1000:1001\ntm/a 640 0:0\n1\nsrc\nd/f\n');
    expect(existsSync(at('fromhost'))).toBe(true);
    expect(await failureOf('cp', at('src/a'), 'live:/ro/x')).toBe(
      'Error: mounted volume is marked read-only',
    );
    expect(await failureOf('cp', at('src/a'), 'live:/etc/hosts')).toContain(
      'Error: unlinkat /etc/hosts: device or resource busy',
    );
    expect(await inside('cat', '/etc/hosts')).toContain('localhost');
    expect(await failureOf('cp', at('src'), 'live:/d/f')).toBe('cannot copy directory');
    expect(await failureOf('cp', at('src/a'), 'live:/none/x')).toBe(
      'Error: Could not find the file /none in container live',
    );
  });

  test('come from archives too, packed or not, and nothing of one that is broken', async () => {
    const tar = await run('sh', '-c', `tar -czf ${at('in.tgz')} -C ${at('src')} a`).then(() =>
      readFileSync(at('in.tgz')),
    );
    const send = (input: Uint8Array, to: string) => sandbox.tryWith({ input }, 'cp', '-', `live:${to}`);
    expect(await send(tar, '/d/sub')).toMatchObject({ status: 0, stderr: '' });
    expect(await inside('stat', '-c', '%u:%g', '/d/sub/a')).toBe('1000:1001\n');
    const plain = gunzipSync(tar);
    expect(await send(plain.subarray(0, 513), '/d/sub')).toMatchObject({
      status: 1,
      stderr: 'Error: unexpected EOF\n',
    });
    expect(await inside('sh', '-c', 'ls -A /d/sub; cat /d/sub/a')).toBe('a\n1\n');
    expect(await send(plain, '/d/f')).toMatchObject({
      stderr: 'destination "live:/d/f" must be a directory\n',
    });
    const hostile = at('hostile.tar');
    await run('tar', '-cPf', hostile, '--transform', 's,^,../../,', '-C', at('src'), 'a');
    expect(await send(readFileSync(hostile), '/d/sub')).toMatchObject({
      stderr: 'Error: "../../a" is outside of "/d/sub"\n',
    });
  });

  test('never lie outside of it, whatever its processes do', async () => {
    const outside = sandbox.directory('outside');
    writeFileSync(join(outside, 'a'), 'secret');
    // The same path is a directory of the container's and a link to one of this machine's by turns.
    const swap = `mkdir -p /s/real ${outside}; cd /s; while true; do mv real way; mv way real; ln -s ${outside} way; rm way; done`;
    await wherry('run', '-d', '--name', 'evil', '--network', 'none', 'busybox:1', 'sh', '-c', swap);
    for (let i = 0; i < 4; i++) {
      await sandbox.try('cp', at('src'), 'evil:/s/way/');
      await sandbox.try('cp', `${at('src')}/.`, 'evil:/s/way');
      await sandbox.try('cp', 'evil:/s', at(`evil-${i}`));
      await sandbox.try('cp', 'evil:/s/way/.', at(`way-${i}`));
    }
    expect([readdirSync(outside), readFileSync(join(outside, 'a'), 'utf8')]).toEqual([['a'], 'secret']);
    const leaked = await run('sh', '-c', `grep -rl secret ${files}/evil-* ${files}/way-* || true`);
    expect(leaked).toBe('');
    await wherry('rm', '-f', 'evil');
  });

  test('are there while it does not run, and leave nothing mounted', async () => {
    await wherry('cp', at('src/a'), 'fresh:/x');
    await wherry('cp', at('src/a'), 'fresh:/vol/atrest');
    expect(existsSync(at('atrest'))).toBe(true);
    expect(await wherry('diff', 'fresh')).toBe('A /x\n');
    expect((await binary('cp', 'fresh:/vol/atrest', '-')).length).toBe(2048);
    await wherry('stop', '-t', '0', 'live');
    await wherry('cp', at('src/a'), 'live:/later');
    await wherry('start', 'live');
    expect(await inside('cat', '/later')).toBe('1\n');
    await wherry('create', '--name', 'sealed', '--read-only', '--network', 'none', 'busybox:1');
    expect(await failureOf('cp', at('src/a'), 'sealed:/x')).toBe(
      'Error: container rootfs is marked read-only',
    );
    await wherry('stop', '-t', '0', 'live');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(realpathSync(sandbox.root));
    expect(await wherry('system', 'check')).toContain('no faults');
  });

  test('are known where they are a copy', async () => {
    const bin = sandbox.directory('bin');
    writeFileSync(join(bin, 'mount'), '#!/bin/sh\necho refused >&2\nexit 1\n', { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const root = sandbox.directory('copies');
    const here = async (...args: string[]) => {
      const { status, stdout, stderr } = await sandbox.tryWith({ env }, '--root', root, ...args);
      expect([status, stderr.replaceAll(/^(?:WARNING: no overlay|chown: ).*\n/gm, '')]).toEqual([0, '']);
      return stdout;
    };
    await here('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    await here('run', '--name', 'c1', '--network', 'none', 'busybox:1', 'sh', '-c', CHANGES);
    expect(await here('diff', 'c1')).toBe(await wherry('diff', 'c1'));
    await here('export', '-o', at('copy.tar'), 'c1');
    await wherry('export', '-o', at('overlay.tar'), 'c1');
    expect(await entriesOf(at('copy.tar'))).toEqual(await entriesOf(at('overlay.tar')));
    await here('commit', 'c1', 'new:1');
    await here('create', '--name', 'again', '--network', 'none', 'new:1');
    await here('export', '-o', at('again.tar'), 'again');
    const fixed = (entries: string[]) => entries.filter((entry) => !/ (?:dev|proc|sys|etc)\//.test(entry));
    expect(fixed(await entriesOf(at('again.tar')))).toEqual(fixed(await entriesOf(at('copy.tar'))));
    await here('cp', at('src/a'), 'again:/x');
    expect(await here('diff', 'again')).toBe('A /x\n');
    await here('rm', 'c1', 'again');
  });

  test('are read by a commit that may be killed: the container goes on', async () => {
    const loop =
      'dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null; while true; do echo x >>/ticks; sleep 0.05; done';
    await wherry('run', '-d', '--name', 'ticks', '--network', 'none', 'busybox:1', 'sh', '-c', loop);
    const ticks = async () =>
      Number(await wherry('exec', 'ticks', 'sh', '-c', 'cat /ticks 2>/dev/null | wc -l'));
    await expect.poll(ticks, { timeout: 20_000 }).toBeGreaterThan(0);
    const id = (await wherry('ps', '-q', '--no-trunc', '-f', 'name=ticks')).trim();
    const state = createHash('sha256').update(sandbox.root).digest('hex').slice(0, 16);
    const runc = async () =>
      JSON.parse(await run('runc', '--root', `/run/wherry/${state}`, 'state', id)).status as string;
    const commit = sandbox.start('commit', 'ticks');
    await expect.poll(runc, { interval: 10, timeout: 20_000 }).toBe('paused');
    await commit.kill();
    expect(await runc()).toBe('paused');
    expect(await wherry('ps', '--format', '{{.Names}}')).toContain('ticks');
    expect(await runc()).toBe('running');
    const before = await ticks();
    await expect.poll(ticks, { timeout: 20_000 }).toBeGreaterThan(before);
    expect(readdirSync(join(sandbox.root, 'containers/locks')).join()).not.toContain('.pauser');
    await wherry('rm', '-f', 'ticks');
  });
});
