import { type Digest, type ImageSummary, shortId } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { humanAge, isZeroTime, shortSize } from '../output/human.ts';
import { formatTable } from '../output/table.ts';

const NONE = '<none>';

interface Row {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface ImageTableOptions {
  readonly digests?: boolean;
  readonly noTrunc?: boolean;
}

/** `wherry images`: one row for each name of each image. */
export async function run({ args, engine, flags, io }: CommandContext): Promise<number> {
  const pattern = args[0];
  const filters = flags.filter('filter');
  const images = await (await engine()).images({
    ...(pattern ? { pattern } : {}),
    ...(flags.bool('all') ? { all: true } : {}),
    ...(filters.length > 0 ? { filters } : {}),
  });
  const options = { digests: flags.bool('digests'), noTrunc: flags.bool('no-trunc') };
  io.stdout.write(
    flags.bool('quiet')
      ? images
          .flatMap((image) => rowsOf(image, options.digests))
          .map(({ image }) => `${shownId(image.id, options)}\n`)
          .join('')
      : imageTable(images, io.now(), options),
  );
  return 0;
}

/** The table of `wherry images`. */
export function imageTable(
  images: readonly ImageSummary[],
  now: Date,
  options: ImageTableOptions = {},
): string {
  const { digests: withDigests = false } = options;
  const rows = images.flatMap((image) => rowsOf(image, withDigests));
  const table = rows.map(({ image, repository, tag, digest }) => [
    repository,
    tag,
    ...(withDigests ? [digest] : []),
    shownId(image.id, options),
    isZeroTime(image.created) ? 'N/A' : humanAge(image.created, now),
    shortSize(image.size),
  ]);
  const header = ['REPOSITORY', 'TAG', ...(withDigests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'];
  return formatTable([header, ...table]);
}

function shownId(id: Digest, { noTrunc = false }: ImageTableOptions): string {
  return noTrunc ? id : shortId(id);
}

/**
 * A row for each tag; digests are a column of it, a row for each when a repository has several, and rows of
 * their own only where the repository has no tag. docker/cli, `imageFormatTaggedAndDigest`.
 */
function rowsOf(image: ImageSummary, withDigests: boolean): Row[] {
  if (image.repoTags.length === 0 && image.repoDigests.length === 0)
    return [{ image, repository: NONE, tag: NONE, digest: NONE }];
  const digestsOf = Map.groupBy(image.repoDigests.map(splitDigest), ([repository]) => repository);
  const tagsOf = Map.groupBy(image.repoTags.map(splitTag), ([repository]) => repository);
  const rows: Row[] = [];
  for (const [repository, tags] of tagsOf) {
    const digests = withDigests ? (digestsOf.get(repository) ?? []).map(([, digest]) => digest) : [];
    for (const [, tag] of tags)
      for (const digest of digests.length > 0 ? digests : [NONE])
        rows.push({ image, repository, tag, digest });
  }
  for (const [repository, digests] of digestsOf) {
    if (tagsOf.has(repository)) continue;
    const shown = withDigests ? digests : digests.slice(0, 1);
    for (const [, digest] of shown) rows.push({ image, repository, tag: NONE, digest });
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
