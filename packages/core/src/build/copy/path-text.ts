/** A path or pattern that the user wrote, as trees have it: a character for each byte of its UTF-8. */
export function latin1Of(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** A path of a tree as text; what is no UTF-8 in it comes as replacement characters. */
export function textOf(path: string): string {
  return isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

/**
 * The elements of a path from the root, `.` and `..` worked out in the text; what leads out of the root stays at it,
 * as Go's `filepath.Clean` has it for rooted paths.
 */
export function rootedElements(path: string): string[] {
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element === '..') elements.pop();
    else elements.push(element);
  }
  return elements;
}

/** Joins a directory and a name in it; `''` is the root. */
export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** By bytes, as trees are sorted. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

function isAscii(text: string): boolean {
  return ASCII.test(text);
}
