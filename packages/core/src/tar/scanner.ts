import { WherryError } from '../errors.ts';

const SHOWN_NAME_BYTES = 256;

/** Kinds of tar entries that a layer can hold. */
export type EntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** One entry of a tar, headers and extensions already merged. POSIX.1-2017 pax "ustar Interchange Format". */
export interface TarEntry {
  /** As in the archive: raw bytes, not always UTF-8, no normalisation. */
  readonly name: Uint8Array;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: 0o7777 at most. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Payload bytes; 0 for everything but files. */
  readonly size: number;
  /** Whole seconds since the epoch, may be negative. */
  readonly mtime: number;
  /** 0 to 999,999,999, counted forward from `mtime`. */
  readonly mtimeNs: number;
  /** Target of a symlink or hardlink, raw bytes; empty otherwise. */
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Where the entry's first header block (an extension's, if it has any) starts in the tar. */
  readonly headerOffset: number;
  /** Where the payload starts in the tar. */
  readonly dataOffset: number;
  /** Extended attributes (PAX `SCHILY.xattr.*`), values binary; absent when there are none. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a tar's headers from a stream of bytes, skipping payload without touching it. One scanner per
 * stream. `testing/tar-scanner-suite.ts` holds every implementation.
 */
export interface TarScanner {
  /**
   * Takes the next bytes, split anywhere; returns the entries whose headers are complete now. Entries
   * before an error are returned, it is thrown by the next call; a scanner that threw throws again.
   * Throws `INVALID_TAR` for what is no tar (bad header checksum, bad number, sparse file), saying where.
   */
  push(chunk: Uint8Array): readonly TarEntry[];
  /**
   * Says that the stream has ended. Throws `TRUNCATED` inside a header or a payload; the blocks that end
   * an archive and the last padding may be missing.
   */
  finish(): void;
}

/** Go's archive/tar, and so Docker, has one answer for a header block that is none. */
export function invalidHeader(offset: number): WherryError {
  return new WherryError('INVALID_TAR', 'archive/tar: invalid tar header', { details: { offset } });
}

/** A PAX header or a GNU long name beyond 1 MiB. */
export function extensionTooLarge(offset: number): WherryError {
  return new WherryError('INVALID_TAR', 'archive/tar: header field too long', { details: { offset } });
}

export function sparseRefused(offset: number, name: Uint8Array): WherryError {
  const shown = new TextDecoder().decode(name.subarray(0, SHOWN_NAME_BYTES));
  return new WherryError('INVALID_TAR', `sparse file ${shown} is not supported in a layer`, {
    hint: 'make the archive without --sparse',
    details: { offset, isWellFormed: true },
  });
}

export function unknownEntryType(offset: number, flag: number): WherryError {
  return new WherryError('INVALID_TAR', `unhandled tar header type ${flag}`, {
    details: { offset, isWellFormed: true },
  });
}

/** The stream ended at `offset`, inside a header or a payload. */
export function truncatedTar(offset: number): WherryError {
  return new WherryError('TRUNCATED', 'unexpected EOF', { details: { offset } });
}
