import { WherryError } from '../errors.ts';

/** Bytes as a string that keeps every one of them: names in a tar are not always UTF-8. */
export function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes that a path of the tree, or an element of one, stands for. */
export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/**
 * The elements of an entry's name or of a hard link's target, from the root; none: the root itself. `.` and
 * `..` are worked out in the text, as Go's `filepath.Clean` does. Throws `INVALID_TAR` for what leads out of
 * the root.
 */
export function pathElements(path: string): string[] {
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') elements.push(element);
    else if (elements.pop() === undefined) throw badEntry(path, 'leads out of the root');
  }
  return elements;
}

/** What an entry of a tar is refused for; `path` as `toLatin1` gives it. */
export function badEntry(path: string, fault: string): WherryError {
  const shown = Buffer.from(path, 'latin1').toString('utf8');
  return new WherryError('INVALID_TAR', `tar entry ${JSON.stringify(shown)}: ${fault}`);
}
