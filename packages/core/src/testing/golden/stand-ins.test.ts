import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { tarOf } from '../tar-fixtures.ts';
import { documentOf, RecordedImages, sha256 } from './recorded-images.ts';
import { factsOf, makeStandIns } from './stand-ins.ts';

/** An image of two layers as a registry has it. */
function recordedImages() {
  const tars = ['base', 'top'].map((name) =>
    tarOf(
      { name: 'usr/', type: 'directory' },
      { name: `usr/${name}`, type: 'file', content: randomBytes(9000) },
    ),
  );
  const layers = tars.map((tar) => gzipSync(tar));
  const rootfs = { type: 'layers', diff_ids: tars.map(sha256) };
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, padding: 'x'.repeat(500) }),
  );
  const describe = (bytes: Uint8Array) => ({ size: bytes.length, digest: sha256(bytes) });
  const document = { schemaVersion: 2, config: describe(config), layers: layers.map(describe) };
  const manifest = Buffer.from(JSON.stringify(document, undefined, 3));
  const blobs = new Map([config, manifest, ...layers].map((bytes) => [sha256(bytes), bytes]));
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  return new RecordedImages({
    tags: { 'team/app:1': { digest: sha256(manifest), mediaType } },
    readBlob: (digest) => blobs.get(digest) ?? Buffer.alloc(0),
    standsFor: new Map(),
  });
}

describe('stand-ins', () => {
  test('show what the images show, and hold nothing of theirs', async () => {
    const images = recordedImages();
    const standIns = new RecordedImages(makeStandIns(await factsOf(images)));
    const [image, standIn] = [images.all[0]!, standIns.all[0]!];
    expect(standIn.id).not.toBe(image.id);
    expect(standIn.id.slice(0, 11)).toBe(image.id.slice(0, 11));
    expect(standIn.manifest.bytes.length).toBe(image.manifest.bytes.length);
    expect(standIn.layers.map((digest) => standIns.readBlob(digest).length)).toEqual(
      image.layers.map((digest) => images.readBlob(digest).length),
    );
    expect(standIns.plainLayers(standIn).map(sha256)).toEqual(standIn.diffIDs);
    expect(documentOf(standIn.manifest).config?.digest).toBe(standIn.id);
    for (const [at, digest] of standIn.layers.entries())
      expect(gunzipSync(standIns.readBlob(digest))).not.toEqual(images.plainLayers(image)[at]);
  });

  test('are named by the digests that they stand for, whole or cut short', async () => {
    const images = recordedImages();
    const standIns = new RecordedImages(makeStandIns(await factsOf(images)));
    const [image, standIn] = [images.all[0]!, standIns.all[0]!];
    const short = (digest: string) => digest.slice(7, 19);
    const text = ({ id, layers, diffIDs }: typeof image) =>
      `${id} ${short(id)} ${layers.join()} ${short(diffIDs[1]!)}`;
    expect(standIns.recorded(text(standIn))).toBe(text(image));
    expect(standIns.placed(text(image))).toBe(text(standIn));
    expect(standIns.find(short(image.id))).toBe(standIn);
    expect(standIns.isLasting(short(image.id))).toBe(true);
    expect(standIns.isLasting('0123456789ab')).toBe(false);
  });
});
