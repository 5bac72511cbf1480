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
   * Takes the next bytes, split anywhere; returns the entries whose headers are complete now.
   * Throws `INVALID_TAR` for what is no tar (bad header checksum, bad number, sparse file), saying where.
   */
  push(chunk: Uint8Array): readonly TarEntry[];
  /** Says that the stream has ended. Throws `TRUNCATED` inside a header or a payload. */
  finish(): void;
}
