import { expect, test } from 'vitest';
import { EPOCH, entriesOf } from '../../testing/copy-fixtures.ts';
import { gather } from '../../testing/layer-fixtures.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import { madeDirectory } from './layer-files.ts';
import type { Owner } from './ownership.ts';
import { workdirLayer } from './workdir.ts';

const BASE: FixtureEntry[] = [
  { name: 'srv/', type: 'directory', mode: 0o700, uid: 4, mtime: 5 },
  { name: 'link', type: 'symlink', link: 'srv' },
  { name: 'file', type: 'file' },
];

async function made(path: string, owner?: Owner) {
  const lower = new ImageTree();
  lower.apply(await entriesOf(tarOf(...BASE)));
  const layer = workdirLayer(lower, path, madeDirectory(EPOCH, owner));
  if (layer === undefined) return undefined;
  return (await entriesOf(await gather(layer))).map(
    ({ name, mode, uid, mtime }) => `${Buffer.from(name)} ${mode.toString(8)} ${uid} ${mtime}`,
  );
}

test('a working directory that is missing is made, with root as its owner', async () => {
  expect(await made('/made/here')).toEqual([`made/ 755 0 ${EPOCH}`, `made/here/ 755 0 ${EPOCH}`]);
  expect(await made('/link/in')).toEqual(['srv/ 700 4 5', `srv/in/ 755 0 ${EPOCH}`]);
});

test('belongs to who is given as its owner', async () => {
  expect(await made('/made', { uid: 8, gid: 9 })).toEqual([`made/ 755 8 ${EPOCH}`]);
});

test('one that is there needs no layer', async () => {
  expect(await made('/srv')).toBeUndefined();
  expect(await made('/link')).toBeUndefined();
  expect(await made('/')).toBeUndefined();
});

test('one below a file is refused', async () => {
  await expect(made('/file/x')).rejects.toThrow('mkdir /file: not a directory');
});
