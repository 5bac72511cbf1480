import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import type { LayoutEntry } from './oci-layout.ts';
import { isLayoutCurrent, writeLayout } from './oci-layout.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-layout-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const entry: LayoutEntry = {
  target: {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: `sha256:${'a'.repeat(64)}` as Digest,
    size: 12,
    annotations: { 'org.opencontainers.image.ref.name': 'as the archive had it', 'org.example': 'kept' },
  },
  familiarName: 'ubuntu:18.04',
  fullName: 'docker.io/library/ubuntu:18.04',
};

describe('a layout', () => {
  test('names each target as the user does', async () => {
    expect(await writeLayout(root, () => [entry])).toBe(true);
    expect(JSON.parse(readFileSync(join(root, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(JSON.parse(readFileSync(join(root, 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: entry.target.mediaType,
          digest: entry.target.digest,
          size: 12,
          annotations: {
            'org.example': 'kept',
            'org.opencontainers.image.ref.name': 'ubuntu:18.04',
            'io.containerd.image.name': 'docker.io/library/ubuntu:18.04',
          },
        },
      ],
    });
    expect(readdirSync(root).sort()).toEqual(['blobs', 'index.json', 'index.lock', 'oci-layout', 'tmp']);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  test('holds the last of several names that are written at once', async () => {
    let count = 0;
    const named = () => [{ ...entry, familiarName: `image:${++count}` }];
    const written = await Promise.all(Array.from({ length: 20 }, () => writeLayout(root, named)));
    expect(written).toEqual(Array.from({ length: 20 }, () => true));
    expect(await isLayoutCurrent(root, [{ ...entry, familiarName: 'image:20' }])).toBe(true);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  test('is written only when it changes', async () => {
    await writeLayout(root, () => [entry]);
    const { ino } = statSync(join(root, 'index.json'));
    expect(await writeLayout(root, () => [entry])).toBe(false);
    expect(statSync(join(root, 'index.json')).ino).toBe(ino);
    expect(await isLayoutCurrent(root, [entry])).toBe(true);
    expect(await isLayoutCurrent(root, [])).toBe(false);
    expect(await writeLayout(root, () => [])).toBe(true);
    expect(await isLayoutCurrent(root, [])).toBe(true);
    rmSync(join(root, 'oci-layout'));
    expect(await isLayoutCurrent(root, [])).toBe(false);
  });

  test('ends with the newest list when many write at once', async () => {
    let newest = 0;
    const list = () => [{ ...entry, target: { ...entry.target, size: newest } }];
    const writes = Array.from({ length: 8 }, async (_, index) => {
      newest = index + 1;
      await writeLayout(root, list);
    });
    await Promise.all(writes);
    expect(await isLayoutCurrent(root, list())).toBe(true);
  });

  test.skipIf(process.getuid?.() === 0)('says in one line that it must not be written', async () => {
    chmodSync(root, 0o500);
    await expect(writeLayout(root, () => [])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(existsSync(join(root, 'index.json'))).toBe(false);
    chmodSync(root, 0o700);
  });
});
