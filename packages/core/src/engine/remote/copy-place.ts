import { isErrno, WherryError } from '../../errors.ts';
import { formatReference, parseReference, type Reference, withDefaultTag } from '../../reference.ts';

/** Where an image is copied from, or to. */
export type CopyPlace =
  | { readonly kind: 'registry'; readonly ref: Reference }
  | {
      /** An OCI layout, in a directory or in a tar; an archive of `docker save`'s kind. */
      readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
      readonly path: string;
      /** The image's name there: in a layout any text, usually a tag; in a Docker archive a reference. */
      readonly name?: string;
    }
  /** A source that is looked at to find out which of the above it is. */
  | { readonly kind: 'path'; readonly path: string };

const FILES = /^(oci|oci-archive|docker-archive):(.*)$/s;
const REGISTRY = 'docker://';
const PATH = /^\.{0,2}\//;
/** `C:\` of Windows, whose colon ends no path. */
const DRIVE = /^[A-Za-z]:[\\/]/;

/**
 * Reads `oci:PATH[:NAME]`, `oci-archive:FILE[:NAME]`, `docker-archive:FILE[:NAME]`, a path that begins with
 * `/`, `./` or `../`, or else a reference, `docker://` before it or not. Throws `INVALID_ARGUMENT`,
 * `INVALID_REFERENCE`.
 */
export function parseCopyPlace(text: string): CopyPlace {
  const [, kind, rest = ''] = FILES.exec(text) ?? [];
  if (kind !== undefined) return filePlace(kind as 'oci', rest, text);
  if (PATH.test(text) || DRIVE.test(text)) return { kind: 'path', path: text };
  const name = text.startsWith(REGISTRY) ? text.slice(REGISTRY.length) : text;
  return { kind: 'registry', ref: withDefaultTag(parseReference(name)) };
}

function filePlace(kind: 'oci' | 'oci-archive' | 'docker-archive', rest: string, text: string): CopyPlace {
  const drive = DRIVE.exec(rest)?.[0] ?? '';
  const [path = '', ...names] = rest.slice(drive.length).split(':');
  const name = names.join(':');
  if (drive + path === '')
    throw new WherryError('INVALID_ARGUMENT', `${JSON.stringify(text)} has no path: want ${kind}:PATH[:TAG]`);
  if (names.length > 0 && name === '')
    throw new WherryError('INVALID_ARGUMENT', `${JSON.stringify(text)} ends in an empty tag`);
  if (kind === 'docker-archive' && name !== '') parseReference(name);
  return { kind, path: drive + path, ...(name !== '' && { name }) };
}

/** The place as `parseCopyPlace` reads it, references in full. */
export function formatCopyPlace(place: CopyPlace): string {
  if (place.kind === 'registry') return formatReference(place.ref);
  if (place.kind === 'path') return place.path;
  return `${place.kind}:${place.path}${place.name === undefined ? '' : `:${place.name}`}`;
}

/** `FILE_NOT_FOUND` in Docker's words where there is nothing at `path`; any other error as it is. */
export function missingFile(cause: unknown, path: string): unknown {
  if (!isErrno(cause, 'ENOENT', 'ENOTDIR')) return cause;
  return new WherryError('FILE_NOT_FOUND', `open ${path}: no such file or directory`, { cause });
}
