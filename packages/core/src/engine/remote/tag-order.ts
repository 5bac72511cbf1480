/** How tags are put in order: as `compareTags` does, by name in ASCII order, or not at all. */
export type TagOrder = 'semver' | 'name' | 'none';

/** A tag that is a version, taken apart. Numbers stay text: a tag has room for more digits than a double. */
interface TagVersion {
  /** At least one. */
  readonly numbers: readonly string[];
  /** SemVer's identifiers; absent: a release. */
  readonly preRelease?: readonly string[];
  /** Runs of digits and of other characters; empty: the plain version. */
  readonly variant: readonly string[];
}

interface OrderedTag {
  readonly tag: string;
  readonly version: TagVersion | undefined;
}

const VERSION = /^v?(?<numbers>\d+(?:\.\d+)*)(?:[-_](?<rest>.+))?$/;
/**
 * What tells `1.0-rc.1`, which comes before 1.0, from `1.0-alpine`, which is 1.0: SemVer takes both for
 * pre-releases, and only the word says which it is.
 */
const PRE_RELEASE =
  /^(?:alpha|beta|canary|dev|ea|m|milestone|next|nightly|pre|prerelease|preview|rc|snapshot)(?:[.-]?\d+)?(?:\.[0-9a-z]+)*(?=[-_]|$)/i;
const NUMERAL = /^\d+$/;

/** The tags in an order; those of `semver` are newest first. */
export function sortTags(tags: readonly string[], order: TagOrder): string[] {
  if (order === 'none') return [...tags];
  if (order === 'name') return tags.toSorted(compareText);
  return tags
    .map(orderedTag)
    .sort(compareOrdered)
    .map(({ tag }) => tag);
}

/**
 * Compares tags for a list with the newest version first; 0 for equal tags only. By, one after the other:
 *
 * 1. versions before other tags. A version is numbers between dots, perhaps after a `v`; what follows them
 *    begins with `-` or `_`;
 * 2. the numbers, higher first, missing ones being 0;
 * 3. the release before its pre-releases, and those by SemVer's precedence, highest first, except that
 *    `rc10` counts as `rc.10`;
 * 4. the number of parts, so that 1.2.0 stands before 1.2;
 * 5. the variant, none first, then by name, but numbers in it by value, higher first;
 * 6. the tag in ASCII order.
 *
 * Semantic Versioning 2.0.0, 11.
 */
export function compareTags(a: string, b: string): number {
  return compareOrdered(orderedTag(a), orderedTag(b));
}

function orderedTag(tag: string): OrderedTag {
  return { tag, version: tagVersion(tag) };
}

function tagVersion(tag: string): TagVersion | undefined {
  const { numbers, rest = '' } = VERSION.exec(tag)?.groups ?? {};
  if (numbers === undefined) return undefined;
  const preRelease = PRE_RELEASE.exec(rest)?.[0];
  const variant = preRelease === undefined ? rest : rest.slice(preRelease.length + 1);
  return {
    numbers: numbers.split('.'),
    ...(preRelease === undefined ? {} : { preRelease: preRelease.split(/[.-]|(?<=[a-z])(?=\d)/i) }),
    variant: variant.match(/\d+|\D+/g) ?? [],
  };
}

function compareOrdered(a: OrderedTag, b: OrderedTag): number {
  return compareVersions(a.version, b.version) || compareText(a.tag, b.tag);
}

function compareVersions(a: TagVersion | undefined, b: TagVersion | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return (
    compareNumbers(b.numbers, a.numbers) ||
    comparePreReleases(b.preRelease, a.preRelease) ||
    b.numbers.length - a.numbers.length ||
    compareLists(a.variant, b.variant, -1)
  );
}

function compareNumbers(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = compareNumerals(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function comparePreReleases(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return compareLists(a, b, 1);
}

/**
 * By the first items that differ, numbers before words; a list that ends sooner comes first. `numberSign` is
 * -1 where higher numbers come first.
 */
function compareLists(a: readonly string[], b: readonly string[], numberSign: 1 | -1): number {
  for (const [i, item] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const [isNumber, isOtherNumber] = [NUMERAL.test(item), NUMERAL.test(other)];
    const order =
      isNumber && isOtherNumber
        ? numberSign * compareNumerals(item, other)
        : Number(isOtherNumber) - Number(isNumber) || compareText(item, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareNumerals(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareText(left, right);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
