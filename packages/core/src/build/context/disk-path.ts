/**
 * What Node takes for a path whose bytes are written one a character, as `toLatin1` does. Names in ASCII stay strings,
 * which is faster; the others go as bytes, so that those that are no UTF-8 are found too.
 */
export function toDiskPath(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

/** The bytes of a path from the outside, one a character. */
export function fromDiskPath(path: string): string {
  return isAscii(path) ? path : Buffer.from(path, 'utf8').toString('latin1');
}

/** The text that the bytes of a name or a path are in UTF-8, for patterns and messages. */
export function shownPath(path: string): string {
  return isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

function isAscii(text: string): boolean {
  return !BEYOND_ASCII.test(text);
}
