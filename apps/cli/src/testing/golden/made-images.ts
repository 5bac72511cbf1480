import { createHash } from 'node:crypto';
import { tarOf } from '@wherry/core/testing';
import { type ClassicImage, file } from './archives.ts';
import type { GoldenCase } from './cases.ts';
import { tiny } from './files.ts';
import { findImage, isRecordedImage, plainLayers } from './recorded-images.ts';

/** When the recording ran. */
export const RECORDED_AT = new Date('2026-11-23T21:48:09Z');
/** How long after the images of certain ages were made they were listed. */
const LISTING_DELAY_MS = 34_000;
/** Base of what the recording built. */
const BUILD_BASE = '68564a3a51fc';
/** Untagged, and no parent of another image. */
const LEAVES = new Set(['389f700848c4']);
const SHORT_ID = 12;

/** Stands in for an image that was made while the recording ran. */
export interface MadeImage {
  /** As the recording names it; absent: it never does. */
  readonly shortId?: string;
  /** `sha256:…` */
  readonly id: string;
  readonly image: ClassicImage;
}

/** The time at which a case runs. */
export function nowOf({ file: name, setup }: GoldenCase): Date {
  if (setup?.startsWith('images age:')) return new Date(RECORDED_AT.getTime() + LISTING_DELAY_MS);
  // Imports are made by the command itself, at the real time.
  return name === 'import' ? new Date() : RECORDED_AT;
}

const KNOWN = new WeakMap<GoldenCase, readonly MadeImage[]>();

/** Images in the place of those that builds, commits and scripts made before a case; parents come first. */
export function madeImages(recorded: GoldenCase): readonly MadeImage[] {
  const images = KNOWN.get(recorded) ?? makeImages(recorded);
  KNOWN.set(recorded, images);
  return images;
}

function makeImages({ argv, file: name, setup, state_before: before }: GoldenCase): MadeImage[] {
  if (setup?.startsWith('images age:')) return imagesOfAges(setup);
  if (setup?.startsWith('images size:')) return [imageOfSize(123_456)];
  const lines = (before?.images ?? []).filter((line) => !isRecordedImage(line));
  if (!lines.some((line) => isAbout(argv, line))) return [];
  if (name === 'load') return lines.map((line) => made(tiny(tagsOf(line)), line.slice(0, SHORT_ID)));
  return builtImages(lines, before?.images.some((line) => line.startsWith(BUILD_BASE)) === true);
}

/** Whether a command line lists images, removes some, or names this one: else it makes no difference. */
function isAbout(argv: readonly string[], line: string): boolean {
  const [first = '', second = ''] = argv;
  if (/^(?:images|rmi)$/.test(first) || (first === 'image' && /^(?:ls|list|rm|remove)$/.test(second)))
    return true;
  return argv.some((word) => tagsOf(line).includes(word) || line.startsWith(word));
}

/** The names in a line of `state_before`. */
export function tagsOf(line: string): string[] {
  const [names = ''] = line.slice(SHORT_ID + 1).split(/ ?digests: /);
  return names.split(', ').filter((name) => name !== '' && !name.startsWith('<') && !name.startsWith('('));
}

/** A build's images: each untagged one is a step with a layer of its own, the tagged ones stand on the last. */
function builtImages(lines: readonly string[], hasBase: boolean): MadeImage[] {
  const base = hasBase ? findImage(BUILD_BASE) : undefined;
  const isStep = (line: string) => tagsOf(line).length === 0 && !LEAVES.has(line.slice(0, SHORT_ID));
  const layers: Uint8Array[] = base === undefined ? [] : plainLayers(base);
  let parent = base?.id;
  const images: MadeImage[] = [];
  const add = (line: string) => {
    const shortId = line.slice(0, SHORT_ID);
    const config = { created: RECORDED_AT.toISOString(), config: { Cmd: ['sh'] } };
    const image = imageOf(config, [...layers], tagsOf(line), shortId);
    const leftOut = base?.layers.length ?? 0;
    images.push({ ...image, image: { ...image.image, leftOut, ...(parent !== undefined && { parent }) } });
    return image.id;
  };
  for (const line of lines.filter(isStep)) {
    layers.push(tarOf(file(`step-${line.slice(0, SHORT_ID)}`, 'x')));
    parent = add(line);
  }
  if (layers.length === 0) layers.push(tarOf(file('f', 'x')));
  for (const line of lines.filter((other) => !isStep(other))) add(line);
  return images;
}

function imagesOfAges(setup: string): MadeImage[] {
  const ages = [...setup.matchAll(/([\w-]+)=(-?\d+)s/g)].map(([, tag = '', seconds]) => ({
    tag,
    created: new Date(RECORDED_AT.getTime() - Number(seconds) * 1000).toISOString(),
  }));
  const dates = [...setup.matchAll(/([\w-]+)=(\d{4}-\d\d-\d\d)/g)].map(([, tag = '', date]) => ({
    tag,
    created: `${date}T00:00:00Z`,
  }));
  const layers = [tarOf(file('f', 'x'))];
  return [...ages, ...dates].map(({ tag, created }) => {
    const history = [{ created, created_by: `age ${tag}` }];
    return imageOf({ created, history }, layers, [`age:${tag}`]);
  });
}

function imageOfSize(bytes: number): MadeImage {
  const created = '2021-01-01T00:00:00Z';
  const history = [{ created, created_by: `size ${bytes}` }];
  return imageOf({ created, history }, [tarOf(file('f', 'x'.repeat(bytes)))], [`size:${bytes}`]);
}

/** An image whose ID begins with the digit that the recorded one begins with: prefixes stay ambiguous. */
function imageOf(
  fields: object,
  layers: readonly Uint8Array[],
  tags: readonly string[],
  shortId?: string,
): MadeImage {
  const names = tags.length === 0 ? null : tags;
  const diffIDs = layers.map(sha256);
  for (let salt = 0; ; salt++) {
    const document = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: diffIDs },
      ...fields,
      salt: `${tags.join(' ')} ${shortId} ${salt}`,
    };
    const image = made({ names, config: Buffer.from(JSON.stringify(document)), layers }, shortId);
    if (image.id['sha256:'.length] === (shortId?.[0] ?? image.id['sha256:'.length])) return image;
  }
}

function made(image: ClassicImage, shortId?: string): MadeImage {
  return { ...(shortId !== undefined && { shortId }), id: sha256(image.config), image };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
