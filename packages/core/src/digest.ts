import { WherryError } from './errors.ts';

/** `algorithm:hex` of some bytes. OCI image-spec v1.1, descriptor.md "Digests". */
export type Digest = `${'sha256' | 'sha512'}:${string}` & { readonly __brand: 'Digest' };

const HEX_LENGTH = { sha256: 64, sha512: 128 } as const;
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/**
 * Reads a digest. Throws `INVALID_DIGEST` when the text has another form, `UNSUPPORTED` when the
 * algorithm fits the grammar but is neither sha256 nor sha512.
 */
export function parseDigest(text: string): Digest {
  if (!GRAMMAR.test(text)) throw new WherryError('INVALID_DIGEST', `invalid digest format: ${shown(text)}`);
  const [algorithm, hex] = splitDigest(text);
  const length = HEX_LENGTH[algorithm as keyof typeof HEX_LENGTH];
  if (length === undefined) throw new WherryError('UNSUPPORTED', 'unsupported digest algorithm');
  if (hex.length !== length || !/^[0-9a-f]+$/.test(hex))
    throw new WherryError('INVALID_DIGEST', `invalid checksum digest length: ${shown(text)}`);
  return text as Digest;
}

/** Tells whether `text` is a well-formed sha256 or sha512 digest. */
export function isDigest(text: string): text is Digest {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** Makes the sha256 digest whose 32 bytes are `bytes`. */
export function digestFromBytes(bytes: Uint8Array): Digest {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return `sha256:${hex}` as Digest;
}

/** The hexadecimal part: what names the file in a layout, and the short ID when cut to 12. */
export function digestHex(digest: Digest): string {
  return splitDigest(digest)[1];
}

/** The algorithm part: `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return splitDigest(digest)[0] as 'sha256' | 'sha512';
}

/** The first 12 hexadecimal characters, as Docker prints IDs. */
export function shortId(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}

/** Hashes one stream: single use, `digest()` ends it. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

/** A hasher whose state can be saved, to go on later, in another process or on another machine. */
export interface ResumableHasher extends Hasher {
  /** The state after the bytes so far: a few hundred bytes, versioned. The hasher stays usable. */
  save(): Uint8Array;
}

/** Makes a fresh sha256 hasher. */
export type HasherFactory = () => Hasher;

function splitDigest(text: string): [algorithm: string, encoded: string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
