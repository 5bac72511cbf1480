import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { fillVolume, finishFill } from './fill.ts';
import { mountSubpath } from './subpath.ts';
import { VolumePlaces } from './volume-places.ts';

describe.skipIf(process.platform !== 'linux')('filling a volume', () => {
  let sandbox: EngineSandbox;
  let places: VolumePlaces;
  let from: string;
  let data: string;
  beforeEach(async () => {
    sandbox = new EngineSandbox();
    places = new VolumePlaces(sandbox.root);
    await sandbox.engine().volumes.create({ name: 'vol' });
    from = sandbox.path('image');
    data = places.dataOf('vol');
    mkdirSync(join(from, 'sub/.deep'), { recursive: true });
    writeFileSync(join(from, 'sub/.deep/f'), 'text', { mode: 0o640 });
    linkSync(join(from, 'sub/.deep/f'), join(from, 'hard'));
    symlinkSync('/etc/passwd', join(from, 'link'));
    utimesSync(join(from, 'hard'), 1, 1_000_000_000);
    chmodSync(from, 0o2750);
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  const fill = (path: string | undefined = from) =>
    fillVolume(places, { name: 'vol', ...(path && { from: path }) });

  test('copies all there is, the directory’s own attributes too', async () => {
    await fill();
    expect(readdirSync(data).sort()).toEqual(['hard', 'link', 'sub']);
    expect(readFileSync(join(data, 'sub/.deep/f'), 'utf8')).toBe('text');
    expect(lstatSync(data).mode & 0o7777).toBe(0o2750);
    const [hard, deep] = [lstatSync(join(data, 'hard')), lstatSync(join(data, 'sub/.deep/f'))];
    expect(hard).toMatchObject({ ino: deep.ino, nlink: 2 });
    expect(hard.mtimeMs).toBe(1_000_000_000_000);
    expect(lstatSync(join(data, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(places.pathOf('vol')).sort()).toEqual(['_data', 'volume.json']);
  });

  test('leaves alone what has something in it, and what has nothing to come', async () => {
    await fillVolume(places, { name: 'vol' });
    expect(readdirSync(data)).toEqual([]);
    writeFileSync(join(data, 'mine'), 'x');
    await fill();
    expect(readdirSync(data)).toEqual(['mine']);
  });

  test('begins anew after a copy that broke off', async () => {
    mkdirSync(places.newFillOf('vol'));
    writeFileSync(join(places.newFillOf('vol'), 'half'), 'ha');
    await fill();
    expect(readdirSync(data).sort()).toEqual(['hard', 'link', 'sub']);
  });

  test('finishes what was on its way, and overwrites nothing', async () => {
    const waiting = places.fillOf('vol');
    mkdirSync(join(waiting, 'sub'), { recursive: true });
    for (const name of ['a', 'b', 'sub/c']) writeFileSync(join(waiting, name), 'image');
    writeFileSync(join(data, 'a'), 'mine');
    mkdirSync(join(data, 'sub'));
    writeFileSync(join(data, 'sub/mine'), 'mine');
    await fillVolume(places, { name: 'vol' });
    expect(readFileSync(join(data, 'a'), 'utf8')).toBe('mine');
    expect(readFileSync(join(data, 'b'), 'utf8')).toBe('image');
    expect(readdirSync(join(data, 'sub'))).toEqual(['mine']);
    expect(existsSync(waiting)).toBe(false);
    await finishFill(places, 'vol');
  });

  test('is done once by many at once, and leaves nothing when it is cancelled', async () => {
    const aborted = AbortSignal.abort();
    await expect(fillVolume(places, { name: 'vol', from }, aborted)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(readdirSync(data)).toEqual([]);
    await Promise.all([fill(), fill(), fill()]);
    expect(readdirSync(data)).toHaveLength(3);
    expect(readdirSync(join(places.directory, '.locks'))).toEqual([]);
  });

  test.each([
    { subpath: 'link', text: 'cannot access path link: not a directory' },
    { subpath: 'hard', text: 'cannot access path hard: not a directory' },
    { subpath: 'sub/none', text: 'cannot access path sub/none: no such file or directory' },
    { subpath: 'sub/../..', text: 'subpath must be a relative path within the volume' },
    { subpath: '/sub', text: 'subpath must be a relative path within the volume' },
  ])('is no way out of it: subpath $subpath', async ({ subpath, text }) => {
    await fill();
    const target = sandbox.path('target');
    await expect(mountSubpath({ data, subpath, target })).rejects.toThrow(text);
    expect(existsSync(target)).toBe(false);
  });
});
