import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHARED } from './images.ts';
import { describeWith } from './needs.ts';
import { Sandbox } from './wherry.ts';

const BUSYBOX = join(SHARED, 'images/busybox-musl-amd64/rootfs.tar.gz');
const needs = { linux: true, root: true, programs: ['runc'], paths: [BUSYBOX] };

/** What an image has where its volume is: owners, modes, times and kinds of files. */
const CONTENT = [
  'mkdir -p /data/x /data/.h; echo hi >/data/f; chown 12:34 /data/f /data; chmod 2750 /data',
  'ln -s f /data/l; ln /data/f /data/h; mkfifo /data/n; touch -d "2001-01-01 00:00:00" /data/f',
].join('; ');
const LIST = [
  'sh',
  '-c',
  "cd /data; find . -exec stat -c '%n %F %a %u %g %h' {} + | sort; stat -c %Y f; cat h",
];
const ANONYMOUS = /^[0-9a-f]{64}$/;

const sandbox = new Sandbox();
const wherry = (...args: string[]) => sandbox.wherry(...args);
const runIn = (...args: string[]) => wherry('run', '--rm', '--network', 'none', ...args);
const names = async (...filters: string[]) =>
  (await wherry('volume', 'ls', '-q', ...filters.flatMap((filter) => ['-f', filter])))
    .split('\n')
    .filter(Boolean);
const dataOf = (name: string) => join(sandbox.root, 'volumes', name, '_data');

describeWith(needs, 'volumes', () => {
  beforeAll(async () => {
    await wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'base:1');
    await wherry('run', '--name', 'maker', '--network', 'none', 'base:1', 'sh', '-c', CONTENT);
    await wherry('commit', '-c', 'VOLUME /data', 'maker', 'app:1');
    await wherry('rm', 'maker');
  });
  afterAll(async () => {
    for (const id of (await wherry('ps', '-aq')).split('\n').filter(Boolean)) await wherry('rm', '-f', id);
    sandbox[Symbol.dispose]();
  });

  test('get what the image has at their places, once, and keep what containers write', async () => {
    const image = await runIn('--tmpfs', '/unused', '--mount', 'type=tmpfs,dst=/t', 'app:1', ...LIST);
    expect(image).toContain('./f regular file 644 12 34 2\n');
    expect(image).toContain('. directory 2750 12 34 4\n');
    expect(image).toContain('978307200\nhi\n');
    expect(await names()).toEqual([]);
    expect(await runIn('-v', 'named:/data', 'app:1', ...LIST)).toBe(image);
    expect(await runIn('-v', 'named:/data', 'base:1', ...LIST)).toBe(image);
    await runIn('-v', 'named:/data', 'base:1', 'sh', '-c', 'rm -r /data/* /data/.h; echo mine >/data/mine');
    expect(await runIn('-v', 'named:/data', 'app:1', 'ls', '-A', '/data')).toBe('mine\n');
    expect(await runIn('-v', 'empty:/data:nocopy', 'app:1', 'ls', '-A', '/data')).toBe('');
    expect(await runIn('-v', 'tmp:/tmp', 'base:1', 'stat', '-c', '%a', '/tmp')).toBe('1777\n');
    await wherry('volume', 'prune', '-af');
    expect(await names()).toEqual([]);
  });

  test('are shared, read-only, in part, and refused where they cannot be', async () => {
    await wherry('run', '--name', 'first', '--network', 'none', '-v', 'shared:/data', 'app:1', 'true');
    expect(await runIn('--volumes-from', 'first', 'base:1', 'cat', '/data/f')).toBe('hi\n');
    const { stderr } = await sandbox.try(
      ...['run', '--rm', '--network', 'none', '--volumes-from', 'first:ro', 'base:1', 'touch', '/data/new'],
    );
    expect(stderr).toBe('touch: /data/new: Read-only file system\n');
    const part = (subpath: string) => `type=volume,src=shared,dst=/part,volume-subpath=${subpath}`;
    await runIn('--mount', part('x'), 'base:1', 'sh', '-c', 'echo in >/part/inner');
    expect(await runIn('-v', 'shared:/data:ro', 'base:1', 'cat', '/data/x/inner')).toBe('in\n');
    await runIn('-v', 'shared:/data', 'base:1', 'ln', '-s', '/etc', '/data/out');
    for (const [flags, text] of [
      [['--mount', part('out')], 'cannot access path out: not a directory'],
      [['-v', 'file:/etc/passwd'], 'cannot mount volume over existing file, file exists /etc/passwd'],
      [['--volumes-from', 'none'], 'No such container: none'],
    ] as const) {
      const refused = await sandbox.try('run', '--rm', '--network', 'none', ...flags, 'base:1', 'true');
      expect(refused.status).toBe(125);
      expect(refused.stderr).toContain(text);
    }
    const id = (await wherry('ps', '-aq', '--no-trunc', '-f', 'volume=shared')).trim();
    expect((await sandbox.try('volume', 'rm', 'shared')).stderr).toBe(
      `Error: remove shared: volume is in use - [${id}]\n`,
    );
    await wherry('volume', 'rm', 'file');
  });

  test('without names go with their containers, and commits have nothing of any', async () => {
    await wherry(
      'create',
      '--name',
      'own',
      '--network',
      'none',
      '-v',
      '/own',
      'app:1',
      'touch',
      '/own/x',
      '/data/y',
    );
    const [row = ''] = (
      await wherry('ps', '-a', '-f', 'name=own', '--format', '{{.LocalVolumes}} {{.Mounts}}')
    ).split('\n');
    expect(row).toMatch(/^2 [0-9a-f]{14}…,[0-9a-f]{14}…$/);
    const held = await names('dangling=false', 'name=^[0-9a-f]{64}$');
    expect(held).toHaveLength(2);
    await wherry('start', '-a', 'own');
    await wherry('commit', 'own', 'own:1');
    expect(await runIn('--mount', 'type=tmpfs,dst=/data', 'own:1', 'sh', '-c', 'ls /own')).toBe('');
    const df = await wherry('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
    expect(df).toContain('Local Volumes 3 3\n');
    await wherry('rm', '-v', 'own');
    expect(await names()).toEqual(['shared']);
    await wherry('create', '--name', 'left', '--network', 'none', 'app:1', 'true');
    await wherry('rm', 'left');
    expect(await names('dangling=true')).toEqual([expect.stringMatching(ANONYMOUS)]);
    expect(await wherry('system', 'check')).toContain('no faults');
  });

  test('survive a SIGKILL while they are filled: the next start, or a repair, finishes', async () => {
    const many = 'mkdir /many; for i in $(seq 1000); do echo $i >/many/$i; done';
    await wherry('run', '--name', 'maker', '--network', 'none', 'base:1', 'sh', '-c', many);
    await wherry('commit', 'maker', 'many:1');
    await wherry('rm', 'maker');
    const args = ['run', '--network', 'none', '-v', 'big:/many', 'many:1', 'sh', '-c', 'ls /many | wc -l'];
    for (const [stage, mend] of [
      ['fill-new', () => Promise.resolve('')],
      ['fill-new', () => wherry('system', 'check', '--repair')],
      ['fill', () => wherry('system', 'check', '--repair')],
    ] as const) {
      const started = sandbox.start(...args);
      const directory = join(sandbox.root, 'volumes/big');
      let ended = false;
      void started.result.then(() => {
        ended = true;
      });
      // The stage may be over before anybody looks: then there is nothing to mend, and all must be there just so.
      while (!ended && !existsSync(join(directory, stage))) await new Promise(setImmediate);
      await started.kill();
      await mend();
      expect(await runIn('-v', 'big:/many', 'many:1', 'sh', '-c', 'ls /many | wc -l')).toBe('1000\n');
      expect(readdirSync(directory).sort()).toEqual(['_data', 'volume.json']);
      for (const id of (await wherry('ps', '-aq', '-f', 'volume=big')).split('\n').filter(Boolean))
        await wherry('rm', '-f', id);
      expect(await wherry('system', 'check')).toContain('no faults');
      await wherry('volume', 'rm', 'big');
    }
  });

  test('are made by many at once, and none is lost under a container that comes', async () => {
    const made = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        await wherry(
          'create',
          '--name',
          `twin${i}`,
          '-v',
          'twins:/data',
          '--network',
          'none',
          'app:1',
          'true',
        );
        return await wherry('volume', 'prune', '-af');
      }),
    );
    expect(made.join('')).not.toContain('twins');
    expect(existsSync(dataOf('twins'))).toBe(true);
    const all = await Promise.all([0, 1, 2, 3].map((i) => sandbox.try('start', '-a', `twin${i}`)));
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(await runIn('-v', 'twins:/data', 'base:1', 'cat', '/data/h')).toBe('hi\n');
  });

  test('system prune takes all that nobody needs in one run, and snapshots come again', async () => {
    const request = ['system', 'prune', '-a', '--volumes', '--snapshots'];
    await wherry(
      'run',
      '-d',
      '--name',
      'live',
      '--network',
      'none',
      '-v',
      '/mine',
      'base:1',
      'sleep',
      '1000',
    );
    await wherry('create', '--network', 'none', '-v', '/gone', 'base:1', 'true');
    const rehearsed = await wherry(...request, '--dry-run');
    expect(await wherry(...request, '-f')).toBe(rehearsed);
    expect(rehearsed).toMatch(
      /^Deleted Containers:\n(?:.+\n)+\nDeleted Volumes:\n[\s\S]+Deleted Images:\n[\s\S]+Deleted Snapshots:\n/,
    );
    expect(await wherry(...request, '-f')).toBe('Total reclaimed space: 0B\n');
    expect(await wherry('images', '--format', '{{.Repository}}')).toBe('base\n');
    expect(await names()).toEqual([expect.stringMatching(ANONYMOUS), 'shared', 'twins']);
    await wherry('rm', '-f', 'live');
    expect(await wherry('system', 'prune', '-f', '--snapshots')).toMatch(/^Deleted Snapshots:\nsha256:/);
    expect(await runIn('base:1', 'echo', 'again')).toBe('again\n');
    expect(await wherry('system', 'check')).toContain('no faults');
  });
});
