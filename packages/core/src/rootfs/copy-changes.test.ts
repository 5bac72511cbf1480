import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyChanges } from './copy-changes.ts';
import { mountRootfs } from './overlay.ts';

describe.runIf(process.platform === 'linux')('changes in a copy of layers', () => {
  let root: string;
  let copy: string;
  const layers = () => [
    { directory: join(root, 'one'), opaque: [] },
    { directory: join(root, 'two'), opaque: ['d/hidden'] },
  ];
  const write = (path: string, text = 'text') => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    utimesSync(path, 1000, 1000);
  };
  const changes = async (copiedAt?: Date) =>
    (await copyChanges({ copy, layers: layers(), ...(copiedAt && { copiedAt }) })).map(
      ({ kind, path }) => `${kind} ${path}`,
    );

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'wherry-copy-'));
    copy = join(root, 'copy');
    for (const name of ['one/d/a', 'one/d/b', 'one/d/hidden/x', 'one/e/f', 'two/d/hidden/y', 'two/g'])
      write(join(root, name));
    symlinkSync('a', join(root, 'one/d/l'));
    await mountRootfs({ layers: layers(), target: copy }, { ownership: 'user' });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('there are none at first, whether one knows when it was copied or not', async () => {
    expect(await changes()).toEqual([]);
    expect(await changes(new Date())).toEqual([]);
  });

  test('are told in the order of names, with the directories on the way', async () => {
    write(join(copy, 'd/a'), 'longer text');
    rmSync(join(copy, 'd/b'));
    write(join(copy, 'd/hidden/sub/new'));
    rmSync(join(copy, 'd/l'));
    symlinkSync('b', join(copy, 'd/l'));
    rmSync(join(copy, 'e'), { recursive: true });
    chmodSync(join(copy, 'g'), 0o600);
    expect(await changes()).toEqual([
      ...['modified d', 'modified d/a', 'deleted d/b', 'modified d/hidden', 'added d/hidden/sub'],
      ...['added d/hidden/sub/new', 'modified d/l', 'deleted e', 'modified g'],
    ]);
  });

  test('count what is of another kind once', async () => {
    rmSync(join(copy, 'e'), { recursive: true });
    write(join(copy, 'e'));
    rmSync(join(copy, 'g'));
    write(join(copy, 'g/x'));
    expect(await changes()).toEqual(['modified e', 'modified g', 'added g/x']);
  });

  test('are found by content where size and time were put back', async () => {
    const before = new Date(Math.trunc(statSync(join(copy, 'd')).ctimeMs));
    write(join(copy, 'd/a'), 'TEXT');
    expect(statSync(join(copy, 'd/a'))).toMatchObject({ size: 4, mtimeMs: 1_000_000 });
    expect(await changes()).toEqual(['modified d', 'modified d/a']);
    expect(await changes(before)).toEqual(['modified d', 'modified d/a']);
    // Nobody touched it since then: nobody reads it.
    expect(await changes(new Date(Date.now() + 60_000))).toEqual([]);
  });

  test('are none where the same content was written again at the same time', async () => {
    write(join(copy, 'new'));
    renameSync(join(copy, 'new'), join(copy, 'd/a'));
    expect(await changes()).toEqual([]);
  });
});
