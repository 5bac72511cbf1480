import { WherryError } from '../errors.ts';
import type { TarEntry } from '../tar/scanner.ts';
import type { TarEntryInit } from '../tar/writer.ts';
import { isForeignXattr, type Ownership } from './privileges.ts';
import { byteString, shownName } from './unpack/safe-path.ts';

const OVERLAY_REDIRECT = /^(?:trusted|user)\.overlay\.(?:redirect|metacopy)$/;

/** What an entry is called in the archive that it goes into; one character per byte. */
export interface EntryNames {
  /** Without the slash of a directory. */
  readonly name: string;
  /** Of a hard link: what it links to. */
  readonly link?: string;
}

/**
 * An entry that `tar` read from disk as Docker writes it: numeric owners, times in whole seconds, without what is
 * this machine's alone. Throws `UNSUPPORTED` for marks of an overlay that keeps names apart from content.
 */
export function plainEntry(entry: TarEntry, { name, link }: EntryNames, ownership: Ownership): TarEntryInit {
  const { type, mode, size, mtime, devMajor, devMinor } = entry;
  const [uid, gid] = ownership === 'user' ? [0, 0] : [entry.uid, entry.gid];
  const keys = [...(entry.xattrs?.keys() ?? [])];
  if (keys.some((key) => OVERLAY_REDIRECT.test(key)))
    throw new WherryError(
      'UNSUPPORTED',
      `${shownName(name)}: the overlay was mounted with redirect_dir or metacopy`,
    );
  const xattrs = new Map([...(entry.xattrs ?? [])].filter(([key]) => !isForeignXattr(key)).sort(byKey));
  const target = link !== undefined ? Buffer.from(link, 'latin1') : symlinkTarget(entry);
  return {
    name: Buffer.from(type === 'directory' ? `${name}/` : name, 'latin1'),
    ...{ type, mode, uid, gid, size, mtime, devMajor, devMinor },
    ...(target !== undefined && { link: target }),
    ...(xattrs.size > 0 && { xattrs }),
  };
}

/** A name as `tar` gives it back, without what `nameList` put before it and the slash of a directory. */
export function nameFromTar(bytes: Uint8Array): string {
  return byteString(bytes).replace(/^\.\//, '').replace(/\/$/, '');
}

function symlinkTarget({ type, link }: TarEntry): Uint8Array | undefined {
  return type === 'symlink' ? link : undefined;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
