import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  digestOf,
  type LayoutImage,
  OCI_CONFIG,
  OCI_MANIFEST,
  tarOf,
  writeBlob,
  writeImageIndex,
  writeLayout,
} from './layout.ts';
import { run } from './wherry.ts';

/** Material beside the checkout; elsewhere there is none, and what needs it is skipped. */
export const SHARED = fileURLToPath(new URL('../../shared/', import.meta.url));

/** An image in an OCI layout directory, under the name `latest`. */
export interface SourceImage {
  readonly name: string;
  /** The layout directory. */
  readonly layout: string;
  /** The layout and the image in it as `skopeo` names them. */
  readonly oci: string;
  /** A `docker save` of it, where the workload has one. */
  readonly dockerArchive?: string;
}

/** Large real images that a workload script made; none where it did not run. */
export function workloadImages(): SourceImage[] {
  const place = process.env.WHERRY_E2E_IMAGES ?? '/var/tmp/images';
  return ['small', 'debian', 'stack', 'big']
    .filter((name) => existsSync(join(place, name, 'oci', 'index.json')))
    .map((name) => ({
      ...sourceImage(name, join(place, name, 'oci')),
      dockerArchive: join(place, name, 'docker.tar'),
    }));
}

/** What most of the bytes of `stack` are in: a toolchain, in which nothing is that the other layers have not. */
const TOOLCHAIN = 2;

/**
 * Writes the workload's `stack` without its toolchain into `directory`: every shape of layer and of file at less than
 * half the size. None where the workload did not run.
 */
export async function lightStack(directory: string): Promise<SourceImage[]> {
  const stack = workloadImages().find(({ name }) => name === 'stack');
  if (!stack) return [];
  const layout = join(directory, 'light-stack');
  const blob = (digest: string) => join(stack.layout, 'blobs', ...digest.split(':'));
  const parse = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
  const index = await parse(join(stack.layout, 'index.json'));
  const manifest = await parse(blob(index.manifests[0].digest));
  const config = await parse(blob(manifest.config.digest));
  const filled = config.history.filter((entry: { empty_layer?: boolean }) => !entry.empty_layer);
  config.history = config.history.filter((entry: object) => entry !== filled[TOOLCHAIN]);
  config.rootfs.diff_ids.splice(TOOLCHAIN, 1);
  manifest.layers.splice(TOOLCHAIN, 1);
  manifest.config = await writeBlob(layout, OCI_CONFIG, JSON.stringify(config));
  await writeLayout(layout, await writeBlob(layout, OCI_MANIFEST, JSON.stringify(manifest)));
  for (const { digest } of manifest.layers)
    await copyFile(blob(digest), join(layout, 'blobs', ...digest.split(':')));
  return [sourceImage('light-stack', layout)];
}

/** The workload image of that name. */
export function workloadImage(name: string): SourceImage {
  const image = workloadImages().find((candidate) => candidate.name === name);
  if (!image) throw new Error(`there is no workload image ${name}`);
  return image;
}

/**
 * Writes the small official images that lie beside the checkout as layouts into `directory`; none elsewhere.
 * Git keeps their blobs as links; a copy without links holds the links' texts, so the files go in by digest.
 */
export async function officialImages(directory: string): Promise<SourceImage[]> {
  const place = join(SHARED, 'images');
  if (!existsSync(place)) return [];
  const images: SourceImage[] = [];
  for (const name of readdirSync(place).filter((candidate) => candidate.startsWith('busybox-'))) {
    const from = join(place, name);
    const layout = join(directory, name);
    const manifest = JSON.parse(await readFile(join(from, 'image-manifest.json'), 'utf8'));
    const index = JSON.parse(await readFile(join(from, 'index.json'), 'utf8'));
    await writeLayout(layout, index.manifests[0]);
    const blobs: [string, string][] = [
      ['image-manifest.json', index.manifests[0].digest],
      ['image-config.json', manifest.config.digest],
      ['rootfs.tar.gz', manifest.layers[0].digest],
    ];
    for (const [file, digest] of blobs)
      await copyFile(join(from, file), join(layout, 'blobs', ...digest.split(':')));
    images.push(sourceImage(name, layout));
  }
  return images;
}

const HELLO_PLATFORMS = [
  { os: 'linux', architecture: 'amd64', file: 'hello-amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8', file: 'hello-arm64v8' },
  { os: 'linux', architecture: 'arm', variant: 'v7', file: 'hello-arm32v7' },
  { os: 'linux', architecture: 's390x', file: 'hello-s390x' },
];

/** Writes an image index for four platforms into `directory`: hello-world, or texts where that is not here. */
export async function multiPlatformImage(directory: string): Promise<SourceImage> {
  const images: LayoutImage[] = [];
  for (const { file, ...platform } of HELLO_PLATFORMS) {
    const binary = join(SHARED, 'images', file);
    const content = existsSync(binary) ? await readFile(binary) : Buffer.from(`hello from ${file}\n`);
    images.push({
      platform,
      layers: [tarOf([{ path: 'hello', content, mode: 0o755 }])],
      config: { Cmd: ['/hello'] },
    });
  }
  const layout = join(directory, 'hello');
  await mkdir(layout, { recursive: true });
  await writeImageIndex(layout, images);
  return sourceImage('hello', layout);
}

export function sourceImage(name: string, layout: string): SourceImage {
  return { name, layout, oci: `oci:${layout}:latest` };
}

/** The layout's only image: what its index names, and for an image index the amd64 child. */
export async function describeImage(image: SourceImage): Promise<{
  /** Of what the layout names: an index or a manifest. */
  readonly target: string;
  readonly manifest: string;
  /** Digest of the config. */
  readonly id: string;
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}> {
  const blob = async (digest: string) =>
    JSON.parse(await readFile(join(image.layout, 'blobs', ...digest.split(':')), 'utf8'));
  const index = JSON.parse(await readFile(join(image.layout, 'index.json'), 'utf8'));
  const target: string = index.manifests[0].digest;
  let manifest = target;
  let document = await blob(target);
  if (document.manifests) {
    manifest = document.manifests.find(
      (child: { platform: { architecture: string } }) => child.platform.architecture === 'amd64',
    ).digest;
    document = await blob(manifest);
  }
  return { target, manifest, id: document.config.digest, layers: document.layers };
}

/** Puts an image into a registry as it is, every platform of it; `reference` is without a scheme. */
export async function seedRegistry(image: SourceImage, reference: string): Promise<void> {
  await run('skopeo', 'copy', '-q', '--all', '--dest-tls-verify=false', image.oci, `docker://${reference}`);
}

/** The digest of what a registry has under a name, of the very bytes it gives. */
export async function remoteDigest(reference: string): Promise<string> {
  const raw = await run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${reference}`);
  return digestOf(raw);
}
