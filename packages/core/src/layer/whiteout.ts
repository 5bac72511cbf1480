import { WherryError } from '../errors.ts';

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
const META_PREFIX = '.wh..wh.';

/** What an entry of a layer's tar means to the layers below. */
export type Whiteout =
  /** Hides `path`, and all below it, of lower layers. */
  | { readonly kind: 'plain'; readonly path: string }
  /** Hides all that lower layers have in the directory `path`; `''` is the root. */
  | { readonly kind: 'opaque'; readonly path: string }
  /** Book-keeping of aufs: neither a file nor a deletion. */
  | { readonly kind: 'meta' };

/**
 * Reads a deletion marker from an entry's path; `undefined` when it is none. Only the last path element counts;
 * slashes at the end are ignored. As bytes a path must come through `latin1`, which keeps every byte.
 * Throws `INVALID_TAR` for a bare `.wh.` and for markers that name `.` or `..`.
 * OCI image-spec v1.1, layer.md "Whiteouts".
 */
export function classifyWhiteout(path: string): Whiteout | undefined {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  const base = trimmed.slice(slash + 1);
  if (!base.startsWith(PREFIX)) return inMetaDirectory(trimmed) ? { kind: 'meta' } : undefined;
  const parent = trimmed.slice(0, Math.max(slash, 0));
  if (base === OPAQUE) return { kind: 'opaque', path: parent };
  if (base.startsWith(META_PREFIX)) return { kind: 'meta' };
  const hidden = base.slice(PREFIX.length);
  if (hidden === '' || hidden === '.' || hidden === '..')
    throw new WherryError('INVALID_TAR', `invalid whiteout: ${JSON.stringify(path)}`);
  return { kind: 'plain', path: trimmed.slice(0, slash + 1) + hidden };
}

/** aufs keeps hard-linked files in a directory of its own, `.wh..wh.plnk`. */
function inMetaDirectory(path: string): boolean {
  return path.startsWith(META_PREFIX) || path.includes(`/${META_PREFIX}`);
}
