import { familiarName, familiarRepository, parseReference, type TagOrder } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { tagListing } from '../../output/rows/tag-row.ts';
import { formatTable } from '../../output/table.ts';
import { warningsTo } from '../../output/warnings.ts';

const ORDERS: readonly string[] = ['semver', 'name', 'none'] satisfies TagOrder[];
const NONE = '<none>';

/** `wherry tags`: the tags of a repository in its registry, one a line. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const repository = await plainly(() => parseReference(args[0] ?? ''));
  if (repository.tag !== undefined || repository.digest !== undefined)
    throw new CommandError(
      `${familiarName(repository)} is one image: name the repository alone, ${familiarRepository(repository)}`,
    );
  const sort = flags.string('sort') ?? '';
  if (!isOrder(sort)) throw new CommandError(`--sort is ${JSON.stringify(sort)}, want ${ORDERS.join(', ')}`);
  const limit = flags.int('limit');
  const digests = flags.bool('digests');
  const format = await chosenFormat(flags, tagListing(familiarRepository(repository), { digests }));
  const tags = await (await engine()).tags(
    { repository, filters: flags.list('filter'), sort, digests, ...(limit === undefined ? {} : { limit }) },
    { signal, onProgress: warningsTo(io) },
  );
  const plain = () => formatTable(tags.map(({ tag, digest }) => (digests ? [tag, digest ?? NONE] : [tag])));
  io.stdout.write(format?.(tags) ?? plain());
  return 0;
}

function isOrder(text: string): text is TagOrder {
  return ORDERS.includes(text);
}
