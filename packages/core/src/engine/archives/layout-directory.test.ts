import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gather } from '../../testing/layer-fixtures.ts';
import { layoutDirectory } from './layout-directory.ts';

const HEX = 'a'.repeat(64);

let base: string;
let layout: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'wherry-layout-'));
  layout = join(base, 'layout');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, 'index.json'), '{"manifests":[]}');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const read = async () => (await gather(await layoutDirectory(layout))).toString('latin1');

describe('a layout in a directory', () => {
  test('is read as the archive it would be: its documents first, then its blobs', async () => {
    writeFileSync(join(layout, 'blobs/sha256', HEX), 'the blob');
    writeFileSync(join(layout, 'README'), 'not of the layout');
    const archive = await read();
    const places = ['oci-layout', 'index.json', `blobs/sha256/${HEX}`, 'the blob'].map((text) =>
      archive.indexOf(text),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(archive).not.toContain('README');
  });

  test('may have blobs that are links to others of its own', async () => {
    writeFileSync(join(layout, 'elsewhere'), 'the blob');
    symlinkSync('../../elsewhere', join(layout, 'blobs/sha256', HEX));
    expect(await read()).toContain('the blob');
  });

  test.each([
    {
      name: 'a blob that links outside',
      make: () => symlinkSync('../../../secret', join(layout, 'blobs/sha256', HEX)),
    },
    { name: 'blobs in a directory outside', make: () => symlinkSync('../..', join(layout, 'blobs/sha512')) },
  ])('is refused for $name', async ({ make }) => {
    writeFileSync(join(base, 'secret'), 'secret');
    make();
    await expect(read()).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: expect.stringContaining('outside the layout'),
    });
  });

  test.each([
    { name: 'oci-layout', path: 'oci-layout' },
    { name: 'blobs', path: 'blobs' },
  ])('is refused without $name', async ({ path }) => {
    rmSync(join(layout, path), { recursive: true });
    await expect(read()).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: expect.stringContaining(path),
    });
  });

  test('is just a directory without index.json', async () => {
    rmSync(join(layout, 'index.json'));
    await expect(read()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `read ${layout}: is a directory`,
      hint: 'a directory must be an OCI layout, with index.json in it',
    });
  });

  test('is refused for a link that leads nowhere', async () => {
    symlinkSync('nowhere', join(layout, 'blobs/sha256', HEX));
    await expect(read()).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
  });

  test('may have files beside the folders of its blobs', async () => {
    writeFileSync(join(layout, 'blobs/notes.txt'), 'not of the layout');
    expect(await read()).not.toContain('notes.txt');
  });
});
