import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeTree } from '../testing/describe-tree.ts';
import { gather, sha256 } from '../testing/layer-fixtures.ts';
import { type FixtureEntry, tarOf } from '../testing/tar-fixtures.ts';
import { diffLayer } from './diff-layer.ts';
import { parseMounts } from './mount-info.ts';
import { mountedBelow, mountRootfs, unmountRootfs } from './overlay.ts';
import { detectOwnership } from './privileges.ts';
import type { Snapshot } from './snapshots/snapshot.ts';
import { Snapshots } from './snapshots/snapshots.ts';

const canMount = detectOwnership() === 'root';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-overlay,:-'));
  mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
});
afterEach(async () => {
  for (const target of await mountedBelow(root)) await unmountRootfs(target);
  rmSync(root, { recursive: true, force: true });
});

function unpacked(...layers: FixtureEntry[][]): Promise<readonly Snapshot[]> {
  return unpackedTars(...layers.map((entries) => tarOf(...entries)));
}

async function unpackedTars(...tars: Uint8Array[]): Promise<readonly Snapshot[]> {
  const added = tars.map((tar) => {
    const digest = sha256(tar);
    writeFileSync(join(root, 'blobs/sha256', digest.slice('sha256:'.length)), tar);
    return { diffID: digest, blob: digest };
  });
  await using lease = await new Snapshots(root).ensure(added);
  return lease.snapshots;
}

const wholeSeconds = (time: bigint) => time / 1_000_000_000n;
const file = (name: string, content = name): FixtureEntry => ({ name, type: 'file', content, mtime: 1000 });
const directory = (name: string): FixtureEntry => ({ name, type: 'directory', mtime: 2000 });
const at = (...names: string[]) => join(root, ...names);

const LAYERS: FixtureEntry[][] = [
  [
    directory('d'),
    file('d/old'),
    file('d/gone'),
    directory('o'),
    file('o/hidden'),
    file('f'),
    file('to-dir'),
  ],
  [file('d/.wh.gone', ''), file('d/new'), directory('o'), file('o/.wh..wh..opq', ''), file('o/seen')],
  [
    { name: 'l', type: 'symlink', link: 'd', mtime: 3000 },
    { name: 'h', type: 'hardlink', link: 'l' },
    directory('to-dir'),
    file('to-dir/x'),
    { name: 'f', type: 'file', content: 'other', mode: 0o4755, mtime: 5 },
    file('.wh.never', ''),
  ],
];
const NAMES = ['d', 'd/new', 'd/old', 'f', 'h', 'l', 'o', 'o/seen', 'to-dir', 'to-dir/x'];

test('a copy of layers has what an overlay of them would show', async () => {
  const layers = await unpacked(...LAYERS);
  const warnings: string[] = [];
  const onProgress = (event: { kind: string; message?: string }) => void warnings.push(event.message ?? '');
  const rootfs = await mountRootfs({ layers, target: at('t') }, { ownership: 'user', onProgress });
  expect(rootfs).toEqual({ kind: 'copy', target: at('t') });
  expect(warnings).toEqual([
    expect.stringMatching(/^no overlay at .*its files are copied instead: only root/),
  ]);
  expect(describeTree(at('t')).map(({ name }) => name)).toEqual(NAMES);
  await unmountRootfs(at('t'));
  expect(readdirSync(root)).not.toContain('t');
});

describe.skipIf(!canMount)('an overlay (needs root)', () => {
  test('shows all layers, and takes changes', async () => {
    const layers = await unpacked(...LAYERS);
    const rootfs = await mountRootfs({ layers, target: at('t'), changes: at('c') });
    expect(rootfs).toEqual({ kind: 'overlay', target: at('t'), upper: at('c/upper') });
    const found = describeTree(at('t'));
    expect(found.map(({ name }) => name)).toEqual(NAMES);
    await mountRootfs({ layers, target: at('copy') }, { ownership: 'user' });
    expect(describeTree(at('copy'))).toEqual(found);
    writeFileSync(at('t/d/old'), 'changed');
    await expect(mountRootfs({ layers, target: at('t') })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(mountedBelow(root)).resolves.toEqual([at('t')]);
    await unmountRootfs(at('t'));
    expect(describeTree(at('c/upper')).map(({ name }) => name)).toEqual(['d', 'd/old']);
    await unmountRootfs(at('t'));
  });

  test('has changes that make the same tree again, as a layer on top', async () => {
    const layers = await unpacked(...LAYERS);
    await mountRootfs({ layers, target: at('t'), changes: at('c') });
    rmSync(at('t/f'));
    rmSync(at('t/o'), { recursive: true });
    mkdirSync(at('t/o'));
    writeFileSync(at('t/o/after'), 'after');
    renameSync(at('t/to-dir/x'), at('t/moved'));
    cpSync(at('t/d'), at('t/copied'), { recursive: true });
    rmSync(at('t/d'), { recursive: true });
    writeFileSync(at('t/d'), 'a file now');
    chmodSync(at('t/moved'), 0o2711);
    linkSync(at('t/moved'), at('t/linked'));
    const tar = await gather(diffLayer(at('c/upper')));
    const wanted = describeTree(at('t')).map((entry) => ({ ...entry, mtime: wholeSeconds(entry.mtime) }));
    const again = [...layers, ...(await unpackedTars(tar))];
    await mountRootfs({ layers: again, target: at('again') });
    const found = describeTree(at('again')).map((entry) => ({ ...entry, mtime: wholeSeconds(entry.mtime) }));
    expect(found).toEqual(wanted);
  });

  test('without changes is read-only, whatever the number of layers', async () => {
    for (const count of [0, 1, 2]) {
      const layers = (await unpacked(...LAYERS)).slice(0, count);
      await mountRootfs({ layers, target: at('t') });
      expect(readdirSync(at('t'))).toHaveLength([0, 4, 4][count] ?? 0);
      expect(() => writeFileSync(at('t/x'), '')).toThrow('EROFS');
      await unmountRootfs(at('t'));
      expect(readdirSync(root).filter((name) => name.startsWith('t'))).toEqual([]);
    }
  });

  test('takes a layer that comes twice', async () => {
    const [one, other] = await unpacked([file('f', 'one')], [file('f', 'other'), file('g')]);
    if (!one || !other) throw new Error('no layers');
    await mountRootfs({ layers: [one, other, one], target: at('t') });
    expect(readdirSync(at('t'))).toEqual(['f', 'g']);
    expect(readFileSync(at('t/f'), 'utf8')).toBe('one');
  });

  test('takes more layers than their paths have room for', async () => {
    const layers = await unpacked(...Array.from({ length: 130 }, (_, i) => [file(`f${i}`)]));
    await mountRootfs({ layers, target: at('t'), changes: at('c') });
    expect(readdirSync(at('t'))).toHaveLength(130);
  });

  test('is not taken away, nor is a copy, while another file system is mounted in it', async () => {
    const layers = await unpacked([file('f')]);
    await mountRootfs({ layers, target: at('copy') }, { ownership: 'user' });
    await mountRootfs({ layers, target: at('copy/inner') });
    await expect(unmountRootfs(at('copy'))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(readdirSync(at('copy/inner'))).toEqual(['f']);
  });

  test('is not taken away while it is in use', async () => {
    await mountRootfs({ layers: await unpacked([file('f')]), target: at('t'), changes: at('c') });
    const before = process.cwd();
    process.chdir(at('t'));
    try {
      await expect(unmountRootfs(at('t'))).rejects.toMatchObject({ code: 'CONFLICT' });
    } finally {
      process.chdir(before);
    }
  });

  test('is a copy where its changes lie on an overlay', async () => {
    const layers = await unpacked([file('f')]);
    await mountRootfs({ layers, target: at('t'), changes: at('c') });
    const inner = await mountRootfs({ layers, target: at('t/inner'), changes: at('t/changes') });
    expect(inner.kind).toBe('copy');
    expect(readdirSync(at('t/inner'))).toEqual(['f']);
  });
});

test('nothing is put where something is, and nothing is taken away where nothing is', async () => {
  const layers = await unpacked([file('f')]);
  await expect(mountRootfs({ layers, target: at('blobs') })).rejects.toMatchObject({ code: 'CONFLICT' });
  await unmountRootfs(at('nowhere'));
});

test('mounts are read with their odd names', () => {
  const line = String.raw`36 35 98:0 /mnt1 /a\040b\134c rw,noatime shared:1 master:2 - overlay wherry ro,lowerdir=x`;
  expect(parseMounts(`${line}\n`)).toEqual([
    {
      id: 36,
      target: '/a b\\c',
      type: 'overlay',
      source: 'wherry',
      options: ['rw', 'noatime', 'ro', 'lowerdir=x'],
    },
  ]);
});
