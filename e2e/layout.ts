import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

// Images made from nothing, by code that shares nothing with what is tested.

export interface TestFile {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly mode?: number;
  /** Absent: a regular file. */
  readonly type?: string;
  readonly linkTarget?: string;
  /** Absent: root. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface LayoutImage {
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** Tars, base first. */
  readonly layers: readonly Uint8Array[];
  readonly config?: object;
}

export interface StoredDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
}

const BLOCK = 512;

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A plain ustar archive. Names are written as they are, hostile ones too. */
export function tarOf(files: readonly TestFile[]): Buffer {
  const blocks: Buffer[] = [];
  for (const file of files) {
    const content = Buffer.from(file.content ?? '');
    blocks.push(headerOf(file, content.length), content);
    blocks.push(Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function headerOf(file: TestFile, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(file.path, 0);
  header.write(octal(file.mode ?? 0o644, 8), 100);
  header.write(octal(file.uid ?? 0, 8), 108);
  header.write(octal(file.gid ?? 0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(1_600_000_000, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(file.type ?? '0', 156);
  header.write(file.linkTarget ?? '', 157);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** The frame of an OCI layout whose index names `target` as `latest`. */
export async function writeLayout(directory: string, target: StoredDescriptor): Promise<void> {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const { mediaType, digest, size } = target;
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations }] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
}

/** Writes one image as a layout. */
export async function writeImage(directory: string, image: LayoutImage): Promise<StoredDescriptor> {
  const target = await writeManifest(directory, image);
  await writeLayout(directory, target);
  return target;
}

/** Writes an image index of several images as a layout. */
export async function writeImageIndex(
  directory: string,
  images: readonly LayoutImage[],
): Promise<StoredDescriptor> {
  const manifests: StoredDescriptor[] = [];
  for (const image of images)
    manifests.push({ ...(await writeManifest(directory, image)), platform: image.platform });
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  const target = await writeBlob(directory, OCI_INDEX, bytes);
  await writeLayout(directory, target);
  return target;
}

async function writeManifest(directory: string, image: LayoutImage): Promise<StoredDescriptor> {
  const layers: StoredDescriptor[] = [];
  for (const tar of image.layers) layers.push(await writeBlob(directory, OCI_LAYER, gzipSync(tar)));
  const config = JSON.stringify({
    created: '2024-01-01T00:00:00Z',
    ...image.platform,
    config: image.config ?? {},
    rootfs: { type: 'layers', diff_ids: image.layers.map(digestOf) },
    history: image.layers.map((_, i) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${i}` })),
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: await writeBlob(directory, OCI_CONFIG, config),
    layers,
  };
  return writeBlob(directory, OCI_MANIFEST, JSON.stringify(manifest));
}

/** Puts one blob into a layout. */
export async function writeBlob(
  directory: string,
  mediaType: string,
  bytes: Uint8Array | string,
): Promise<StoredDescriptor> {
  const digest = digestOf(bytes);
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(directory, 'blobs', ...digest.split(':')), bytes);
  return { mediaType, digest, size: Buffer.byteLength(bytes) };
}
