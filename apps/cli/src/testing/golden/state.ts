import { Readable } from 'node:stream';
import { type Engine, parseReference } from '@wherry/core';
import {
  type ClassicImage,
  classicArchive,
  makeFile,
  type RecordedImage,
  type RecordedImages,
  type RecordedRegistries,
  recordedImage,
  tiny,
} from '@wherry/core/testing/golden';
import type { GoldenCase } from './cases.ts';
import { tagsOf } from './made-image.ts';
import { madeImages } from './made-images.ts';

/** An image that is there before a case. */
interface StateImage {
  readonly shortId: string;
  readonly tags: readonly string[];
  /** `repository@sha256:…`, cut short. */
  readonly digests: readonly string[];
}

/** Tells states apart: cases of one key start from the same store. */
export function stateKey(recorded: GoldenCase, images: RecordedImages): string {
  const { argv, file, state_before: before } = recorded;
  const made = file === 'import' ? argv : madeImages(recorded, images).map(({ id }) => id);
  const lines = (before?.images ?? []).filter((line) => images.isRecorded(line)).sort();
  return JSON.stringify([file === 'push', made, lines]);
}

/** Names under which a seed has its images; no recording has them. */
const SEED = '127.0.0.1:5055/seed/image';

/** The recorded images of a case's state. */
export function seedOf({ state_before: before }: GoldenCase, images: RecordedImages): RecordedImage[] {
  const there = (before?.images ?? []).map((line) => images.find(line.slice(0, line.indexOf(' '))));
  return images.all.filter((image) => there.includes(image));
}

/** Fills a store from which states are made: their layers then need not be read again and again. */
export async function makeSeed(
  engine: Engine,
  registries: RecordedRegistries,
  images: readonly RecordedImage[],
): Promise<void> {
  // The first layer of a store has it measure its hash engines, which takes longer than most cases.
  await load(engine, classicArchive(tiny(['seed:tiny'])));
  await engine.remove({ image: 'seed:tiny' });
  for (const { id, manifest, platform } of images) {
    const tag = id.slice(-12);
    registries.serve(registries.anonymous, 'seed/image', tag, manifest);
    await engine.pull({ ref: parseReference(`${SEED}:${tag}`), platform });
  }
}

/** Takes out of a copy of the seed what no state has. */
async function removeSeed(engine: Engine, images: readonly RecordedImage[]): Promise<void> {
  for (const { id, manifest } of images)
    for (const image of [`${SEED}@${manifest.digest}`, `${SEED}:${id.slice(-12)}`])
      await engine.remove({ image });
}

/** Makes of a copy of the seed what a case starts from: by pulls, loads and imports, as the recording did. */
export async function makeState(
  engine: Engine,
  registries: RecordedRegistries,
  recorded: GoldenCase,
  images: RecordedImages,
): Promise<void> {
  const before = (recorded.state_before?.images ?? [])
    .filter((line) => images.isRecorded(line))
    .map(parseLine);
  for (const image of before.filter((one) => !isNameless(one))) {
    if (recorded.file === 'push') await pullForPush(engine, registries, image, images);
    else if (image.digests.length > 0) await pullImage(engine, registries, image, images);
    else {
      const whole = recordedImage(images, image.shortId, namesOf(image));
      await load(engine, classicArchive({ ...whole, leftOut: whole.layers.length }));
    }
  }
  const made = recorded.file === 'import' ? [] : madeImages(recorded, images).map(({ image }) => image);
  if (made.length > 0) await load(engine, classicArchive(...made));
  if (recorded.file === 'import') await importImages(engine, recorded, images);
  await removeSeed(engine, seedOf(recorded, images));
  // The seed's name was their only one: they went with it.
  for (const { shortId } of before.filter(isNameless))
    await load(engine, classicArchive(recordedImage(images, shortId, null)));
}

function parseLine(line: string): StateImage {
  const [, digests = ''] = line.split(' digests: ');
  return {
    shortId: line.slice(0, line.indexOf(' ')),
    tags: tagsOf(line),
    digests: digests.split(', ').filter((digest) => digest !== ''),
  };
}

function isNameless({ tags, digests }: StateImage): boolean {
  return tags.length + digests.length === 0;
}

function namesOf({ tags }: StateImage): readonly string[] | null {
  return tags.length === 0 ? null : tags;
}

/** Pulls by the tags of each repository that the image has a digest of, else by the digest; tags the rest. */
async function pullImage(
  engine: Engine,
  registries: RecordedRegistries,
  image: StateImage,
  images: RecordedImages,
): Promise<void> {
  const config = images.find(image.shortId);
  const platform = { os: 'linux', architecture: 'amd64', ...config?.platform };
  const left = new Set(image.tags);
  for (const name of image.digests) {
    const [repository = '', short = ''] = name.split('@');
    const manifest = images.findManifest(short);
    if (manifest === undefined) throw new Error(`no manifest ${name}`);
    const ref = parseReference(`${repository}@${manifest.digest}`);
    const registry = registries.of(ref.domain);
    const tags = image.tags.filter((tag) => tag.slice(0, tag.lastIndexOf(':')) === repository);
    for (const tag of tags) {
      if (registry !== undefined)
        registries.serve(registry, ref.path, parseReference(tag).tag ?? '', manifest);
      await engine.pull({ ref: parseReference(tag), platform });
      left.delete(tag);
    }
    if (tags.length > 0) continue;
    if (registry !== undefined) registries.serve(registry, ref.path, '', manifest);
    await engine.pull({ ref, platform });
  }
  for (const tag of left) await engine.tag({ source: config?.id ?? '', target: parseReference(tag) });
}

/**
 * What the recording had pushed before, or pulled: its daemon knew in which repositories the layers are, as
 * wherry does of what it pulled.
 */
async function pullForPush(
  engine: Engine,
  registries: RecordedRegistries,
  image: StateImage,
  images: RecordedImages,
): Promise<void> {
  const { id, manifest } = images.find(image.shortId) ?? {};
  const [source] = Object.entries(images.tags).find(([, { digest }]) => digest === manifest?.digest) ?? [];
  if (id === undefined || manifest === undefined || source === undefined)
    throw new Error(`${image.shortId} was never served`);
  const [path = '', tag = ''] = source.split(':');
  const names = { 'docker.io': source.replace('library/', ''), '127.0.0.1:5055': `127.0.0.1:5055/${source}` };
  for (const [domain, name] of Object.entries(names)) {
    const registry = registries.of(domain);
    if (registry !== undefined) registries.serve(registry, path, tag, manifest);
    await engine.pull({ ref: parseReference(name) });
  }
  if (image.digests.length > 0) await pullImage(engine, registries, image, images);
  else for (const name of image.tags) await engine.tag({ source: id, target: parseReference(name) });
  for (const name of Object.values(names)) {
    const repository = name.slice(0, name.lastIndexOf(':'));
    const digest = `${repository}@${manifest.digest}`;
    if (!image.digests.some((short) => digest.startsWith(images.placed(short))))
      await engine.remove({ image: digest });
    if (!image.tags.includes(name)) await engine.remove({ image: name });
  }
}

async function importImages(
  engine: Engine,
  { argv, state_before: before }: GoldenCase,
  images: RecordedImages,
): Promise<void> {
  for (const line of [...(before?.images ?? [])].reverse()) {
    const [name] = tagsOf(line);
    if (argv[0] !== 'images' && !argv.includes(name ?? '')) continue;
    const content = /^imp:(?:empty|etar)$/.test(name ?? '') ? 'empty' : 'rootfs.tar';
    await engine.import({
      from: Readable.from([makeFile(content, images) ?? '']),
      ...(name !== undefined && { ref: parseReference(name) }),
    });
  }
}

/** Puts an image into a store. */
export async function loadImage(engine: Engine, image: ClassicImage): Promise<void> {
  await load(engine, classicArchive(image));
}

async function load(engine: Engine, archive: Uint8Array): Promise<void> {
  await engine.load({ from: Readable.from([archive]) });
}
