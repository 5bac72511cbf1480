import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type DescribedEntry, describeTree, type FixtureEntry, tarOf } from '@wherry/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerd } from '../bench/peers.ts';
import { layersOf, snapshotsOf } from '../bench/unpack-image.ts';
import { mountRootfs, unmountRootfs } from '../packages/core/dist/rootfs/overlay.js';
import { workloadImage } from './images.ts';
import { writeImageIndex } from './layout.ts';
import { describeWith } from './needs.ts';
import { noise } from './noise.ts';
import { run, Sandbox } from './wherry.ts';

interface Described extends DescribedEntry {
  readonly xattrs?: Readonly<Record<string, string>>;
}

const started = BigInt(Date.now()) * 1_000_000n;
const sandbox = new Sandbox();
const mounted: string[] = [];

afterAll(async () => {
  for (const target of mounted) await unmountRootfs(target);
  sandbox[Symbol.dispose]();
});

/** The image as a container of wherry's would see it. */
async function mountImage(layout: string): Promise<string> {
  await using lease = await snapshotsOf(layout, sandbox.directory('snapshots')).ensure(layersOf(layout));
  const target = sandbox.file('rootfs');
  const rootfs = await mountRootfs({
    layers: lease.snapshots,
    target,
    changes: sandbox.directory('changes'),
  });
  expect(rootfs.kind).toBe('overlay');
  mounted.push(target);
  return target;
}

/** All that a file system knows of a tree, by name. */
async function describeWhole(root: string): Promise<Map<string, Described>> {
  const xattrs = await xattrsBelow(root);
  return new Map(
    describeTree(root).map((entry) => {
      const own = xattrs.get(entry.name);
      return [entry.name, own ? { ...entry, xattrs: own } : entry];
    }),
  );
}

async function xattrsBelow(root: string): Promise<Map<string, Record<string, string>>> {
  const options = ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '--absolute-names'];
  const stdout = await run('getfattr', ...options, root);
  const found = new Map<string, Record<string, string>>();
  for (const block of stdout.split('\n\n').filter((each) => each.startsWith('# file: '))) {
    const [head = '', ...lines] = block.split('\n');
    const values = lines.filter((line) => line !== '').map((line) => line.split('=', 2));
    found.set(head.slice(`# file: ${root}/`.length), Object.fromEntries(values));
  }
  return found;
}

/** Differences as lines, a few of them, because a whole tree says nothing. */
function differences(found: Map<string, Described>, wanted: Map<string, Described>): string[] {
  const text = (entry: Described | undefined) =>
    JSON.stringify(entry, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  return [...new Set([...found.keys(), ...wanted.keys()])]
    .map((name) => [name, ...withoutNewTimes(found.get(name), wanted.get(name))] as const)
    .filter(([, one, other]) => text(one) !== text(other))
    .slice(0, 10)
    .map(([name, one, other]) => `${name}: found ${text(one)}, wanted ${text(other)}`);
}

/** A directory that a layer puts a file into without an entry for it has no time of its own: umoci's is now. */
function withoutNewTimes(found: Described | undefined, wanted: Described | undefined) {
  const isNew = wanted?.type === 'directory' && wanted.mtime >= started;
  return [found, wanted].map((entry) => (entry && isNew ? { ...entry, mtime: 0n } : entry));
}

const needs = { programs: ['umoci', 'getfattr', 'mount', 'tar'], linux: true, root: true };

describeWith({ ...needs, images: ['small', 'debian', 'stack'] }, 'an unpacked image', () => {
  test.each(['small', 'debian', 'stack'])(
    '%s is what umoci makes of it',
    async (name) => {
      const { layout } = workloadImage(name);
      const bundle = join(sandbox.directory('umoci'), 'bundle');
      await run('umoci', 'unpack', '--image', `${layout}:latest`, bundle);
      const wanted = await describeWhole(join(bundle, 'rootfs'));
      expect(wanted.size).toBeGreaterThan(1);
      expect(differences(await describeWhole(await mountImage(layout)), wanted)).toEqual([]);
    },
    600_000,
  );
});

describeWith(needs, 'an image with everything in it', () => {
  const time = { mtime: 1_500_000_000 };
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const file = (name: string, more: Partial<FixtureEntry> = {}): FixtureEntry => ({
    name,
    type: 'file',
    content: name,
    ...time,
    ...more,
  });
  const directory = (name: string, more: Partial<FixtureEntry> = {}): FixtureEntry => ({
    name,
    type: 'directory',
    ...time,
    ...more,
  });
  const layers = [
    [
      directory('a/', { mode: 0o1777, uid: 5, gid: 6 }),
      file('a/suid', { mode: 0o4755, uid: 7, gid: 8 }),
      file('a/sgid', { mode: 0o2711, gid: 70_000 }),
      file('a/ns', { mtimeNs: 123_456_789 }),
      file('a/cap', {
        xattrs: new Map([
          ['security.capability', capability],
          ['user.note', Buffer.from('hi')],
        ]),
      }),
      { name: 'a/hard', type: 'hardlink', link: 'a/cap', ...time },
      { name: 'a/hard2', type: 'hardlink', link: 'a/suid', ...time, mode: 0o4755, uid: 7, gid: 8 },
      { name: 'a/soft', type: 'symlink', link: '../nowhere', ...time, uid: 9 },
      { name: 'a/null', type: 'char', mode: 0o666, devMajor: 1, devMinor: 3, ...time },
      { name: 'a/blk', type: 'block', mode: 0o600, devMajor: 259, devMinor: 1_000, ...time },
      { name: 'a/pipe', type: 'fifo', mode: 0o620, ...time },
      directory('gone/'),
      file('gone/x'),
      directory('opaque/', { xattrs: new Map([['user.dir', Buffer.from('1')]]) }),
      file('opaque/below'),
      directory('closed/', { mode: 0o500 }),
      file('closed/f', { mode: 0o400 }),
    ],
    [
      file('.wh.gone', { content: '' }),
      directory('opaque/', { mode: 0o700 }),
      file('opaque/.wh..wh..opq', { content: '' }),
      file('opaque/above'),
      directory('a/', { mode: 0o755 }),
      file('a/.wh.ns', { content: '' }),
      file('a/suid', { content: 'replaced' }),
    ],
  ] satisfies FixtureEntry[][];

  test('is what umoci makes of it', async () => {
    const layout = sandbox.directory('layout');
    await writeImageIndex(layout, [
      {
        platform: { os: 'linux', architecture: 'amd64' },
        layers: layers.map((entries) => tarOf(...entries)),
      },
    ]);
    const bundle = join(sandbox.directory('umoci'), 'bundle');
    await run('umoci', 'unpack', '--image', `${layout}:latest`, bundle);
    const wanted = await describeWhole(join(bundle, 'rootfs'));
    expect(differences(await describeWhole(await mountImage(layout)), wanted)).toEqual([]);
  });
});

describeWith(
  { programs: ['dockerd', 'docker', 'tar'], linux: true, root: true, images: ['debian'] },
  'an image in a container of Docker',
  () => {
    let dockerd: Peer;
    beforeAll(async () => {
      dockerd = await startDockerd(sandbox.directory('dockerd'));
    });
    afterAll(() => dockerd?.stop());

    test('has the same files', async () => {
      const { layout, dockerArchive = '' } = workloadImage('debian');
      const docker = (...args: string[]) => run('docker', '-H', dockerd.address, ...args);
      await docker('load', '-q', '-i', dockerArchive);
      const exported = sandbox.file('exported.tar');
      await docker('create', '--name', 'exported', 'debian:latest', 'true');
      await docker('export', '-o', exported, 'exported');
      const directory = sandbox.directory('exported');
      await run('tar', '-xpf', exported, '--numeric-owner', '-C', directory);
      const wanted = await describeWhole(directory);
      expect(differences(ownFiles(await describeWhole(await mountImage(layout))), ownFiles(wanted))).toEqual(
        [],
      );
    });
  },
);

describeWith({ programs: ['mount', 'umount'], linux: true, root: true }, 'a full disk', () => {
  test('leaves no half of a layer', async () => {
    const layout = sandbox.directory('layout');
    const content = noise(1, 12 << 20);
    await writeImageIndex(layout, [
      {
        platform: { os: 'linux', architecture: 'amd64' },
        layers: [
          tarOf({ name: 'a', type: 'file', content }),
          tarOf({ name: 'b', type: 'file', content: 'b' }),
        ],
      },
    ]);
    const disk = sandbox.directory('disk');
    await run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk);
    try {
      const ensured = snapshotsOf(layout, disk).ensure(layersOf(layout));
      await expect(ensured).rejects.toMatchObject({ code: 'NO_SPACE' });
      const left = readdirSync(join(disk, 'snapshots')).filter((name) => name.startsWith('new-'));
      expect(left).toEqual([]);
      expect(statfsSync(disk).bfree).toBeGreaterThan(1000);
    } finally {
      await run('umount', disk);
    }
  });
});

describeWith(
  { programs: ['unshare', 'setpriv', 'tar'], linux: true, root: true },
  'in a user namespace',
  () => {
    test('devices are left out, and deletions are marked by attributes of users', async () => {
      const layout = sandbox.directory('layout');
      const layers = [
        tarOf(
          { name: 'd/', type: 'directory' },
          { name: 'd/old', type: 'file', content: 'old' },
          { name: 'gone', type: 'file', content: 'gone' },
          { name: 'null', type: 'char', devMajor: 1, devMinor: 3 },
        ),
        tarOf(
          { name: 'd/', type: 'directory' },
          { name: 'd/.wh..wh..opq', type: 'file' },
          { name: '.wh.gone', type: 'file' },
          { name: 'd/new', type: 'file', content: 'new', mode: 0o4755 },
        ),
      ];
      await writeImageIndex(layout, [{ platform: { os: 'linux', architecture: 'amd64' }, layers }]);
      const [store, target, changes] = ['store', 'target', 'changes'].map((name) => sandbox.directory(name));
      await run('chmod', '777', sandbox.path, ...([store, target, changes] as string[]));
      await run('chmod', '-R', 'a+rX', layout);
      const script = new URL('./userns-mount.ts', import.meta.url).pathname;
      const user = ['setpriv', '--reuid', '12345', '--regid', '12345', '--clear-groups', 'unshare', '-Urm'];
      const args = [...user.slice(1), process.execPath, script, layout, store, target, changes] as string[];
      const said = JSON.parse(await run('setpriv', ...args));
      expect(said).toEqual({
        kind: 'overlay',
        names: ['d', 'd/new'],
        warnings: [expect.stringMatching(/: 1 devices left out, which only root can make$/)],
      });
    });
  },
);

/** Without what Docker puts into each container, and the times of the directories that it puts it into. */
function ownFiles(tree: Map<string, Described>): Map<string, Described> {
  const put = /^(?:\.dockerenv|(?:dev|proc|sys)(?:\/.*)?|etc\/(?:hostname|hosts|resolv\.conf|mtab))$/;
  return new Map(
    [...tree]
      .filter(([name]) => !put.test(name))
      .map(([name, entry]) => [name, name === 'etc' ? { ...entry, mtime: 0n } : entry]),
  );
}
