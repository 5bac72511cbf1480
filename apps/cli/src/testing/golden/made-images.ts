import { gzipSync } from 'node:zlib';
import { tarOf } from '@wherry/core/testing';
import { file, type RecordedImages, tiny } from '@wherry/core/testing/golden';
import { builtAt, builtImages, setupOf } from './built-images.ts';
import { type GoldenCase, isText } from './cases.ts';
import { imageOf, type MadeImage, made, RECORDED_AT, shortIdOf, tagsOf } from './made-image.ts';

/** How long after the images of certain ages were made they were listed. */
const LISTING_DELAY_MS = 34_000;
/** Digits that the shortest ID of a recording has. */
const SHORTEST_ID = 5;
/** Layers that are larger come packed. */
const MAX_PLAIN_BYTES = 1e6;

/** The time at which a case runs. */
export function nowOf(recorded: GoldenCase): Date {
  const { file: name, setup } = recorded;
  if (setup?.startsWith('images age:')) return new Date(RECORDED_AT.getTime() + LISTING_DELAY_MS);
  // Imports are made by the command itself, at the real time.
  return name === 'import' ? new Date() : builtAt(recorded);
}

const KNOWN = new WeakMap<GoldenCase, readonly MadeImage[]>();

/** Images in the place of those that builds, commits and scripts made before a case; parents come first. */
export function madeImages(recorded: GoldenCase, images: RecordedImages): readonly MadeImage[] {
  const made = KNOWN.get(recorded) ?? makeImages(recorded, images);
  KNOWN.set(recorded, made);
  return made;
}

/**
 * The stand-ins that can be told apart in what a case shows: their IDs in hex, each to the recorded one. Which
 * of several nameless ones is which, the recording does not say.
 */
export function madeNames(recorded: GoldenCase, images: RecordedImages): ReadonlyMap<string, string> {
  // Here all of them were made at once, in whatever order.
  if (recorded.file === 'import' || listsAll(recorded.argv)) return new Map();
  const told = shownBy(recorded);
  const lines = madeLines(recorded, images);
  const leaf = leafOf(recorded, lines);
  const known = new Set(lines.filter((line) => line === leaf || tagsOf(line).length > 0).map(shortIdOf));
  return new Map(
    madeImages(recorded, images).flatMap(({ id, shortId = '' }) => {
      if (!known.has(shortId)) return [];
      const whole = new RegExp(`${shortId}[0-9a-f]{52}`).exec(told)?.[0];
      return [[id.slice('sha256:'.length), whole ?? shortId]];
    }),
  );
}

function makeImages(recorded: GoldenCase, images: RecordedImages): MadeImage[] {
  const { argv, file: name, setup } = recorded;
  if (setup?.startsWith('images age:')) return imagesOfAges(setup);
  if (setup?.startsWith('images size:')) return sizesOf(recorded).map(imageOfSize);
  // What is there was built before, by the command itself.
  if (name === 'build') return [];
  const lines = madeLines(recorded, images);
  if (!lines.some((line) => isAbout(argv, line))) return [];
  if (name === 'load') return lines.map((line) => made(tiny(tagsOf(line)), shortIdOf(line)));
  return builtImages(recorded, lines, leafOf(recorded, lines), images);
}

function madeLines({ state_before: before }: GoldenCase, images: RecordedImages): string[] {
  return (before?.images ?? []).filter((line) => !images.isRecorded(line));
}

/** Whether a command line lists images, removes some, or names this one: else it makes no difference. */
function isAbout(argv: readonly string[], line: string): boolean {
  const [first = '', second = ''] = argv;
  if (/^(?:images|rmi)$/.test(first) || (first === 'image' && /^(?:ls|list|rm|remove|prune)$/.test(second)))
    return true;
  return argv.some((word) => tagsOf(line).includes(word) || line.startsWith(word));
}

function shownBy({ stdout, screen = [] }: GoldenCase): string {
  return [...(isText(stdout) ? (stdout ?? []) : []), ...screen].join('\n');
}

/** The nameless image that a build left behind: the one of several that a case shows alone, or first. */
function leafOf(recorded: GoldenCase, lines: readonly string[]): string | undefined {
  if (!setupOf(recorded).includes('dangling')) return undefined;
  const text = shownBy(recorded);
  const shown = lines
    .filter((line) => tagsOf(line).length === 0)
    .map((line) => ({ line, at: text.search(new RegExp(`\\b${line.slice(0, SHORTEST_ID)}`)) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  return listsAll(recorded.argv) ? undefined : shown[0]?.line;
}

/** Steps of builds included. */
function listsAll(argv: readonly string[]): boolean {
  return argv[0] === 'images' && argv.some((word) => /^(?:-q?aq?|--all(?:=true)?)$/.test(word));
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

/** The sizes that a case shows: those that it lists, or the one that it names. */
function sizesOf({ argv, stdout }: GoldenCase): number[] {
  const named = argv.flatMap((word) => /^size:(\d+)$/.exec(word)?.[1] ?? []);
  const lines = isText(stdout) ? (stdout ?? []) : [];
  const listed = argv.includes('size') ? lines.flatMap((line) => /^\d+(?= )/.exec(line)?.[0] ?? []) : [];
  return [...named, ...listed].map(Number);
}

function imageOfSize(bytes: number): MadeImage {
  const created = '2021-01-01T00:00:00Z';
  const history = [{ created, created_by: `size ${bytes}` }];
  const layer = tarOf(file('f', Buffer.alloc(bytes, 'x')));
  const image = imageOf({ created, history }, [layer], [`size:${bytes}`]);
  if (bytes <= MAX_PLAIN_BYTES) return image;
  return { ...image, image: { ...image.image, layers: [gzipSync(layer, { level: 1 })] } };
}
