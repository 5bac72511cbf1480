import { type Digest, parseDigest } from '../../digest.ts';
import { isWherryError, WherryError } from '../../errors.ts';
import { familiarName, parseReference, type Reference } from '../../reference.ts';
import { type GitSource, parseGitUrl } from './git-url.ts';

/** Where a build takes files from, as it was written. */
export type ContextSource =
  | { readonly kind: 'directory'; readonly path: string }
  /** An archive, or a Dockerfile. */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'git'; readonly source: GitSource }
  | { readonly kind: 'image'; readonly ref: Reference }
  | { readonly kind: 'oci-layout'; readonly path: string; readonly tag: string; readonly digest?: Digest }
  /** Another target of the same build. */
  | { readonly kind: 'target'; readonly name: string };

/** One of `--build-context`. */
export interface NamedContext {
  /** What FROM, `COPY --from` and mounts call it; as familiar names are, without `:latest`. */
  readonly name: string;
  readonly source: ContextSource;
}

const DEFAULT_TAG = 'latest';

/**
 * Reads `name=PATH`, or with a URL, a git repository, `docker-image://`, `oci-layout://` or `target:` for the path.
 * Throws `INVALID_ARGUMENT`, `INVALID_REFERENCE`, `INVALID_DIGEST`.
 */
export function parseNamedContext(text: string): NamedContext {
  const equals = text.indexOf('=');
  if (equals < 0)
    throw new WherryError('INVALID_ARGUMENT', `invalid context value: ${text}, expected key=value`);
  const name = text.slice(0, equals);
  return { name: contextName(name), source: parseNamedSource(name, text.slice(equals + 1)) };
}

/**
 * Tells what the argument of a build is: `-` is the standard input and none of this function's. A directory of that
 * name wins over a repository on GitHub, which `isThere` says.
 */
export function parseContextArgument(text: string, isThere: boolean): ContextSource {
  const git = isThere ? undefined : parseGitUrl(text);
  if (git !== undefined) return { kind: 'git', source: git };
  return !isThere && isUrl(text) ? { kind: 'url', url: text } : { kind: 'directory', path: text };
}

function parseNamedSource(name: string, value: string): ContextSource {
  if (value === '')
    throw new WherryError('INVALID_ARGUMENT', `invalid context value: ${name}=, expected key=value`);
  const [scheme, rest] = splitScheme(value);
  if (scheme === 'target:') {
    if (rest === '') throw new WherryError('INVALID_ARGUMENT', `build context ${name}: no target named`);
    return { kind: 'target', name: rest };
  }
  if (scheme === 'docker-image://') return { kind: 'image', ref: parseReference(rest) };
  if (scheme === 'oci-layout://') return parseLayout(name, rest);
  const git = parseGitUrl(value);
  if (git !== undefined) return { kind: 'git', source: git };
  return isUrl(value) ? { kind: 'url', url: value } : { kind: 'directory', path: value };
}

function splitScheme(value: string): [scheme: string, rest: string] {
  const scheme = /^(?:target:|docker-image:\/\/|oci-layout:\/\/)/.exec(value)?.[0] ?? '';
  return [scheme, value.slice(scheme.length)];
}

function contextName(text: string): string {
  try {
    return familiarName(parseReference(text)).replace(/:latest$/, '');
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_REFERENCE', 'INVALID_DIGEST', 'UNSUPPORTED')) throw cause;
    throw new WherryError(cause.code, `invalid context name ${text}: ${cause.message}`, { cause });
  }
}

function parseLayout(name: string, text: string): ContextSource {
  const at = text.indexOf('@');
  const place = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  // A tag has no slash, and a drive of Windows no name before its colon.
  const [, path = '', tag] = /^((?:[A-Za-z]:(?=[\\/]))?.*?)(?::([^/\\:]*))?$/s.exec(place) ?? [];
  if (path === '') throw new WherryError('INVALID_ARGUMENT', `build context ${name}: no path of a layout`);
  if (tag === '')
    throw new WherryError('INVALID_ARGUMENT', `build context ${name}: the tag after ":" is empty`);
  return { kind: 'oci-layout', path, tag: tag ?? DEFAULT_TAG, ...(digest !== undefined && { digest }) };
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}
