import { WherryError } from '../../errors.ts';

/** Manifests and their annotations have a few levels. */
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [...'"\\[]{}'].map((character) =>
  character.charCodeAt(0),
);

/**
 * Refuses JSON of more levels than any manifest has, before anything is built from it: whoever reads it later,
 * here or elsewhere, may do so level by level on a stack. Throws `INVALID_DOCUMENT`.
 */
export function requireShallow(bytes: Uint8Array): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    else if ((byte === OPEN_LIST || byte === OPEN_OBJECT) && ++depth > MAX_DEPTH)
      throw new WherryError('INVALID_DOCUMENT', `manifest is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** Where the string that begins at `start` has its last quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
