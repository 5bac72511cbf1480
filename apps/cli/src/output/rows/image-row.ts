import { humanAge, type ImageSizes, type ImageSummary, shortId } from '@wherry/core';
import { goTimePrinter } from '../go-time.ts';
import { humanSize, isZeroTime, shortSize } from '../human.ts';
import { IDS, type Listing, RAW, TABLE } from '../listing.ts';

const NONE = '<none>';
const UNKNOWN = 'N/A';
const DIGEST_FIELD = '{{.Digest}}';

export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  /** Empty where a repository has only digests and none was asked for. */
  readonly digest: string;
}

export interface ImageListOptions {
  /** `--digests`. */
  readonly digests: boolean;
  readonly noTrunc: boolean;
  /** `--size`: what the sizes tell; absent: the bytes of the layers' files. */
  readonly size?: ImageSize | undefined;
  readonly now: Date;
}

/** What `--size` knows, and the size that it means. */
const SIZES = {
  transfer: 'transferBytes',
  disk: 'diskBytes',
  unique: 'uniqueBytes',
} as const satisfies Record<string, keyof ImageSizes>;

export type ImageSize = keyof typeof SIZES;

export function isImageSize(text: string): text is ImageSize {
  return Object.hasOwn(SIZES, text);
}

/** The list of images. docker/cli, `formatter.imageContext`. */
export function imageListing({ digests, noTrunc, size, now }: ImageListOptions): Listing<ImageRow> {
  const goTime = goTimePrinter();
  const sizeOf = ({ size: files, sizes }: ImageSummary) => (size && sizes ? sizes[SIZES[size]] : files);
  return {
    goType: 'formatter.imageContext',
    fields: {
      Containers: () => UNKNOWN,
      CreatedAt: ({ image }) => goTime(image.created),
      CreatedSince: ({ image }) => (isZeroTime(image.created) ? '' : humanAge(image.created, now)),
      Digest: ({ digest }) => digest,
      ID: ({ image }) => (noTrunc ? image.id : shortId(image.id)),
      Repository: ({ repository }) => repository,
      SharedSize: ({ image: { sizes } }) =>
        sizes ? humanSize(sizes.diskBytes - sizes.uniqueBytes) : UNKNOWN,
      Size: ({ image }) => shortSize(sizeOf(image)),
      Tag: ({ tag }) => tag,
      UniqueSize: ({ image: { sizes } }) => (sizes ? humanSize(sizes.uniqueBytes) : UNKNOWN),
      VirtualSize: ({ image }) => humanSize(image.size),
    },
    headings: {
      Containers: 'CONTAINERS',
      CreatedAt: 'CREATED AT',
      CreatedSince: 'CREATED',
      Digest: 'DIGEST',
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      SharedSize: 'SHARED SIZE',
      Size: 'SIZE',
      Tag: 'TAG',
      UniqueSize: 'UNIQUE SIZE',
      VirtualSize: 'SIZE',
    },
    absent: { CreatedSince: UNKNOWN },
    table: ['Repository', 'Tag', ...(digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
  };
}

/**
 * The format of a list of images in full. With `--digests` a table always has them; in place of `table` and
 * `raw`, `--quiet` wants IDs alone. docker/cli, `formatter.NewImageFormat`.
 */
export function imageFormat(
  source: string,
  { quiet, digests }: { quiet: boolean; digests: boolean },
): string {
  if (source === TABLE) return quiet ? IDS : TABLE;
  if (source === RAW) return rawFormat(quiet, digests);
  const isShort = source.startsWith(TABLE) && digests && !source.includes(DIGEST_FIELD);
  return isShort ? `${source}\t${DIGEST_FIELD}` : source;
}

function rawFormat(quiet: boolean, digests: boolean): string {
  if (quiet) return 'image_id: {{.ID}}';
  const lines = ['repository: {{.Repository}}', 'tag: {{.Tag}}'];
  if (digests) lines.push(`digest: ${DIGEST_FIELD}`);
  return [...lines, 'image_id: {{.ID}}', 'created_at: {{.CreatedAt}}', 'virtual_size: {{.Size}}', ''].join(
    '\n',
  );
}

/**
 * A row for each tag. Digests are a column of it when they are asked for, by the option or by the format, with a
 * row for each when a repository has several. A repository without a tag has one row, and with the option a row
 * for each digest. docker/cli, `imageFormatTaggedAndDigest`.
 */
export function imageRows(image: ImageSummary, format: string, digests: boolean): ImageRow[] {
  const wantsDigests = digests || format.includes(DIGEST_FIELD);
  if (image.repoTags.length === 0 && image.repoDigests.length === 0)
    return [{ image, repository: NONE, tag: NONE, digest: NONE }];
  const [only] = image.repoTags;
  if (only !== undefined && image.repoTags.length === 1 && !wantsDigests) {
    const [repository, tag] = splitTag(only);
    // Most images have one repository: a long list takes half the time when they are not sorted by it.
    if (image.repoDigests.every((name) => name.startsWith(`${repository}@`)))
      return [{ image, repository, tag, digest: NONE }];
  }
  const digestsOf = Map.groupBy(image.repoDigests.map(splitDigest), ([repository]) => repository);
  const tagsOf = Map.groupBy(image.repoTags.map(splitTag), ([repository]) => repository);
  const rows: ImageRow[] = [];
  for (const [repository, tags] of tagsOf) {
    const known = wantsDigests ? (digestsOf.get(repository) ?? []).map(([, digest]) => digest) : [];
    for (const [, tag] of tags)
      for (const digest of known.length > 0 ? known : [NONE]) rows.push({ image, repository, tag, digest });
  }
  for (const [repository, known] of digestsOf) {
    if (tagsOf.has(repository)) continue;
    const shown = digests ? known.map(([, digest]) => digest) : [''];
    for (const digest of shown) rows.push({ image, repository, tag: NONE, digest });
  }
  return rows;
}

function splitTag(name: string): [repository: string, tag: string] {
  const colon = name.lastIndexOf(':');
  return [name.slice(0, colon), name.slice(colon + 1)];
}

function splitDigest(name: string): [repository: string, digest: string] {
  const at = name.indexOf('@');
  return [name.slice(0, at), name.slice(at + 1)];
}
