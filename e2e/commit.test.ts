import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import { SHARED } from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox } from './wherry.ts';

const BUSYBOX = join(SHARED, 'images/busybox-musl-amd64/rootfs.tar.gz');
const needs = { linux: true, root: true, programs: ['runc'], paths: [BUSYBOX] };

/** Changes of every kind: content, attributes, kinds of files, what is gone, what takes the place of something. */
const CHANGES = [
  'echo new >/new; echo more >>/etc/passwd; chmod 4755 /new; chown 12:34 /new',
  'rm /bin/vi; rm -r /var/spool; mkdir -p /data/x; touch -t 200102030405.06 /data/x/old',
  'rm -r /home; mkdir /home; echo again >/home/inner; mkfifo /data/fifo; ln -s ../new /data/soft; ln /new /data/hard',
].join('; ');
/** What each container has for itself. */
const OWN = /^\/(?:dev|proc|sys|\.dockerenv|etc\/(?:hosts|hostname|resolv\.conf|mtab))\b/;
const LIST = ['sh', '-c', "find / -xdev -exec stat -c '%n %F %a %u %g %s %N' {} +"];

const sandbox = new Sandbox();
const wherry = (...args: string[]) => sandbox.wherry(...args);

/** The files of an image as a container sees them; sizes of directories are the file system's own. */
function treeOf(listing: string): string[] {
  return listing
    .split('\n')
    .filter((line) => line !== '' && !OWN.test(line))
    .map((line) => line.replace(/^(\S+ directory \S+ \S+ \S+) \d+/, '$1'))
    .sort();
}

describeWith(needs, 'wherry commit', () => {
  const runIn = (image: string, ...command: string[]) =>
    wherry('run', '--rm', '--network', 'none', image, ...command);

  beforeAll(async () => {
    await wherry('import', '-c', 'CMD ["sh"]', '-c', 'ENV A=1', BUSYBOX, 'busybox:1');
    await wherry('run', '--name', 'c1', '--network', 'none', '-e', 'B=2', 'busybox:1', 'sh', '-c', CHANGES);
  });
  afterAll(async () => {
    for (const id of (await wherry('ps', '-aq')).split('\n').filter(Boolean)) await wherry('rm', '-f', id);
    sandbox[Symbol.dispose]();
  });

  test('makes an image that has the changes, and says where it came from', async () => {
    const id = (await wherry('commit', '-a', 'me', '-m', 'why', '-c', 'USER 7', 'c1', 'new:1')).trim();
    const [made] = JSON.parse(await wherry('inspect', 'new:1'));
    const [base] = JSON.parse(await wherry('inspect', 'busybox:1'));
    expect(made).toMatchObject({ Id: id, Parent: base.Id, Author: 'me', Comment: 'why' });
    expect(made.Config).toMatchObject({ User: '7', Cmd: ['sh', '-c', CHANGES], Image: 'busybox:1' });
    expect(made.Config.Env).toEqual(expect.arrayContaining(['A=1', 'B=2']));
    expect(made.RootFS.Layers).toHaveLength(2);
    const history = await wherry('history', '--format', '{{.ID}} {{.Comment}}', '--no-trunc', 'new:1');
    expect(history).toBe(`${id} why\n${base.Id} Imported from -\n`);
    expect(await runIn('new:1', 'sh', '-c', 'id -u; cat /new; test -e /bin/vi || echo gone; ls /home')).toBe(
      '7\nnew\ngone\ninner\n',
    );
    expect(await wherry('system', 'check')).toContain('no faults');
  });

  test('has nothing of a container that changed nothing', async () => {
    await wherry('run', '--name', 'idle', '--network', 'none', 'busybox:1', 'true');
    await wherry('commit', 'idle', 'same');
    const [made] = JSON.parse(await wherry('inspect', 'same'));
    expect(made.RootFS.Layers).toHaveLength(1);
  });

  test('takes a container that runs, and lets it go on', async () => {
    const loop = 'while true; do echo x >>/ticks; sleep 0.05; done';
    await wherry('import', BUSYBOX, 'live:base');
    await wherry('run', '-d', '--name', 'live', '--network', 'none', 'live:base', 'sh', '-c', loop);
    expect(await wherry('rmi', '-f', 'live:base')).toBe('Untagged: live:base\n');
    const [image = ''] = (await wherry('images', '-q', '-f', 'dangling=true')).split('\n');
    const { stderr } = await sandbox.try('rmi', '-f', image);
    expect(stderr).toContain(`unable to delete ${image} (cannot be forced) - image is being used by running`);
    expect(await wherry('image', 'prune', '-f')).toContain('reclaimed space: 0B');
    for (const pause of ['true', 'false']) {
      await wherry('commit', `--pause=${pause}`, 'live', `live:${pause}`);
      expect(Number(await runIn(`live:${pause}`, 'sh', '-c', 'wc -l </ticks'))).toBeGreaterThan(0);
    }
    const count = async () => Number(await runIn('live:again', 'sh', '-c', 'wc -l </ticks'));
    await wherry('commit', 'live', 'live:again');
    const before = await count();
    const countAgain = async () => {
      await wherry('commit', 'live', 'live:again');
      return count();
    };
    await expect.poll(countAgain, { timeout: 20_000 }).toBeGreaterThan(before);
  });

  test('a container starts again whose image was removed by force', async () => {
    await wherry('import', BUSYBOX, 'gone:1');
    await wherry('run', '--name', 'orphan', '--network', 'none', 'gone:1', 'echo', 'hi');
    await wherry('tag', 'gone:1', 'gone:2');
    expect(await wherry('rmi', '-f', 'gone:1', 'gone:2')).toContain('Deleted: ');
    expect(await wherry('start', '-a', 'orphan')).toBe('hi\n');
    const { stderr } = await sandbox.try('commit', 'orphan', 'x');
    expect(stderr).toContain('No such image: sha256:');
    await wherry('rm', 'orphan');
    expect(await wherry('system', 'check')).toContain('no faults');
  });

  describeWith({ programs: ['docker', 'dockerd'] }, 'and Docker', () => {
    let docker: Peer;
    beforeAll(async () => {
      docker = await startDockerd(sandbox.directory('docker'));
    });
    afterAll(() => docker?.stop());

    test('docker load gives containers the very files', async () => {
      await wherry('commit', '-c', 'CMD ["true"]', 'c1', 'commit/round:1');
      const saved = sandbox.file('saved.tar');
      await wherry('save', '-o', saved, 'commit/round:1');
      const dockerDo = (...args: string[]) => run('docker', '-H', docker.address, ...args);
      await dockerDo('load', '-i', saved);
      const id = (await wherry('images', '-q', '--no-trunc', 'commit/round:1')).trim();
      expect((await dockerDo('images', '-q', '--no-trunc', 'commit/round:1')).trim()).toBe(id);
      const theirs = treeOf(await dockerDo('run', '--rm', '--network', 'none', 'commit/round:1', ...LIST));
      expect(treeOf(await runIn('commit/round:1', ...LIST))).toEqual(theirs);
      expect(theirs.some((line) => line.startsWith('/data/hard '))).toBe(true);
      expect(theirs.some((line) => line.startsWith('/bin/vi '))).toBe(false);
    });
  });
});
