import { type Digest, isDigest, parseDigest } from './digest.ts';
import { isWherryError, WherryError } from './errors.ts';

/** What the user types to name an image: `domain/path:tag@digest`, normalised. */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DEFAULT_DOMAIN = 'index.docker.io';
const OFFICIAL_PREFIX = 'library/';
const DEFAULT_TAG = 'latest';
const MAX_PATH_LENGTH = 255;

const IMAGE_ID = /^[a-f0-9]{64}$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}$/;
const IPV6_HOST = /^\[[A-Fa-f0-9:]+\]$/;

/**
 * Reads a reference as Docker does, filling in what a short form leaves out (all but the tag):
 *
 *     reference := name [ ":" tag ] [ "@" digest ]
 *     name      := [ domain "/" ] path
 *     domain    := host [ ":" port ]           host := label *( "." label ) | "[" IPv6 "]"
 *     path      := component *( "/" component )
 *     component := alnum+ *( ( "." | "_" | "__" | "-"+ ) alnum+ )        lower case
 *     tag       := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
 *
 * The first part is a domain when it is `localhost`, has a `.`, a `:` or an upper-case letter.
 * Throws `INVALID_REFERENCE` with Docker's message; the hint says which character is wrong.
 * distribution/reference v0.6.
 */
export function parseReference(text: string): Reference {
  if (IMAGE_ID.test(text))
    throw invalid(
      text,
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      'this is an image ID, and a name is needed here: give the image a name with `tag`',
    );
  const { domain, remainder } = splitDomain(text);
  const beforeColon = cutAt(remainder, ':')[0];
  if (beforeColon.toLowerCase() !== beforeColon)
    throw invalid(
      text,
      `invalid reference format: repository name (${shown(beforeColon)}) must be lowercase`,
      upperCaseHint(text),
    );

  const [name, digestText] = cutAt(remainder, '@');
  const [path, tag] = cutAt(name, ':');
  const fault =
    domainFault(domain) ?? pathFault(path) ?? tagFault(tag) ?? (digestText && digestFault(digestText));
  if (text === '' || digestText === '' || fault)
    throw malformed(text, text === '' ? 'the name is empty' : fault || 'the digest after "@" is empty');
  if (path.length > MAX_PATH_LENGTH)
    throw invalid(
      text,
      `repository name must not be more than ${MAX_PATH_LENGTH} characters`,
      `the path has ${path.length}`,
    );
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digestText === undefined ? {} : { digest: readDigest(text, digestText) }),
  };
}

/**
 * Reads a name, or an image ID in full: 64 hexadecimal characters, with or without its algorithm.
 * Throws `INVALID_REFERENCE` for what is neither.
 */
export function parseAnyReference(text: string): Reference | { readonly imageId: Digest } {
  if (IMAGE_ID.test(text)) return { imageId: `sha256:${text}` as Digest };
  if (isDigest(text)) return { imageId: text };
  return parseReference(text);
}

/** The canonical form, nothing left out: `docker.io/library/ubuntu:18.04`. */
export function formatReference(ref: Reference): string {
  return `${ref.domain}/${ref.path}${suffix(ref)}`;
}

/** The short form that people read: without `docker.io/` and `library/`. */
export function familiarName(ref: Reference): string {
  return familiarRepository(ref) + suffix(ref);
}

/** The repository in its short form, without tag and digest. */
export function familiarRepository(ref: Reference): string {
  if (ref.domain !== DEFAULT_DOMAIN) return `${ref.domain}/${ref.path}`;
  const rest = ref.path.slice(OFFICIAL_PREFIX.length);
  // `library/foo/bar` keeps its prefix: `foo/bar` names another repository.
  return ref.path.startsWith(OFFICIAL_PREFIX) && !rest.includes('/') ? rest : ref.path;
}

/** Adds `latest` to a reference that has neither tag nor digest. */
export function withDefaultTag(ref: Reference): Reference {
  return ref.tag === undefined && ref.digest === undefined ? { ...ref, tag: DEFAULT_TAG } : ref;
}

/** The repository under another tag. Throws `INVALID_REFERENCE` for what is no tag. */
export function withTag(ref: Reference, tag: string): Reference {
  const fault = tagFault(tag);
  if (fault)
    throw new WherryError('INVALID_REFERENCE', 'invalid tag format', { hint: fault, details: { tag } });
  return { ...repositoryOf(ref), tag };
}

/** The repository at a digest, without a tag. */
export function withDigest(ref: Reference, digest: Digest): Reference {
  return { ...repositoryOf(ref), digest };
}

/** The reference without tag and digest. */
export function repositoryOf(ref: Reference): Reference {
  return { domain: ref.domain, path: ref.path };
}

export function sameRepository(a: Reference, b: Reference): boolean {
  return a.domain === b.domain && a.path === b.path;
}

/** Tells whether `text` is a well-formed tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

function suffix(ref: Reference): string {
  return (ref.tag === undefined ? '' : `:${ref.tag}`) + (ref.digest === undefined ? '' : `@${ref.digest}`);
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const [first, rest] = cutAt(text, '/');
  // A single part is never a domain: `localhost:8080` is a repository with a tag.
  if (rest === undefined) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL_PREFIX + text };
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !isDomain || first === LEGACY_DEFAULT_DOMAIN ? DEFAULT_DOMAIN : first;
  const remainder = isDomain ? rest : text;
  const official = domain === DEFAULT_DOMAIN && !remainder.includes('/');
  return { domain, remainder: official ? OFFICIAL_PREFIX + remainder : remainder };
}

/** The text before the first `separator`, and what follows it where there is one. */
function cutAt(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function domainFault(domain: string): string | undefined {
  if (domain.startsWith('[') && !domain.includes(']')) return 'the "[" of an IPv6 host is not closed';
  const portAt = domain.indexOf(':', domain.startsWith('[') ? domain.indexOf(']') : 0);
  const host = portAt < 0 ? domain : domain.slice(0, portAt);
  if (portAt >= 0 && !/^[0-9]+$/.test(domain.slice(portAt + 1)))
    return `the port after "${shown(host)}:" must be a number`;
  if (host.startsWith('[') && IPV6_HOST.test(host)) return undefined;
  for (const label of host.split('.')) {
    if (label === '') return `the registry's host "${shown(host)}" has an empty part`;
    const odd = /[^A-Za-z0-9-]/u.exec(label);
    if (odd) return `${quoted(odd[0])} cannot be in the registry's host "${shown(host)}"`;
    if (label.startsWith('-') || label.endsWith('-'))
      return `a part of the registry's host "${shown(host)}" cannot begin or end with "-"`;
  }
  return undefined;
}

function pathFault(path: string): string | undefined {
  for (const component of path.split('/')) {
    if (component === '') return 'a part between slashes is empty';
    const odd = /[^a-z0-9._-]/u.exec(component);
    if (odd) return `${quoted(odd[0])} cannot be in a repository name`;
    if (/^[._-]/.test(component)) return `the part "${shown(component)}" cannot begin with "${component[0]}"`;
    if (/[._-]$/.test(component))
      return `the part "${shown(component)}" cannot end with "${component.at(-1)}"`;
    const separator = component.match(/[._-]+/g)?.find((run) => !/^(?:\.|__?|-+)$/.test(run));
    if (separator !== undefined)
      return `"${separator}" cannot separate words in a repository name: use ".", "_", "__" or dashes`;
  }
  return undefined;
}

function tagFault(tag: string | undefined): string | undefined {
  if (tag === undefined || TAG.test(tag)) return undefined;
  if (tag === '') return 'the tag after ":" is empty';
  if (tag.length > 128) return `the tag has ${tag.length} characters, and 128 are allowed`;
  const odd = /[^A-Za-z0-9_.-]/u.exec(tag);
  return odd ? `${quoted(odd[0])} cannot be in a tag` : `a tag cannot begin with "${tag[0]}"`;
}

function digestFault(text: string): string | undefined {
  return DIGEST.test(text) ? undefined : 'what follows "@" is not a digest, such as sha256:<64 hex digits>';
}

function readDigest(text: string, digestText: string): Digest {
  try {
    return parseDigest(digestText);
  } catch (error) {
    if (!isWherryError(error, 'INVALID_DIGEST', 'UNSUPPORTED')) throw error;
    throw new WherryError('INVALID_REFERENCE', digestMessage(digestText), {
      hint: 'a digest is sha256:<64 lower-case hex digits> or sha512:<128>',
      details: { reference: shown(text) },
      cause: error,
    });
  }
}

function digestMessage(digestText: string): string {
  const [algorithm, hex = ''] = cutAt(digestText, ':');
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return 'unsupported digest algorithm';
  const length = algorithm === 'sha256' ? 64 : 128;
  return hex.length === length ? 'invalid checksum digest format' : 'invalid checksum digest length';
}

function upperCaseHint(text: string): string {
  const { remainder } = splitDomain(text);
  // The user did not write the `library/` that is put before a single part.
  const written = text.endsWith(remainder) ? remainder : remainder.slice(OFFICIAL_PREFIX.length);
  const start = text.length - written.length;
  const path = cutAt(written, ':')[0];
  const letter = [...path].find((character) => character.toLowerCase() !== character) ?? '';
  const corrected = text.slice(0, start) + path.toLowerCase() + text.slice(start + path.length);
  return `${quoted(letter)} at character ${start + path.indexOf(letter) + 1} is upper case: write ${shown(corrected)}`;
}

function malformed(text: string, fault: string): WherryError {
  return invalid(text, 'invalid reference format', fault);
}

function invalid(text: string, message: string, hint: string): WherryError {
  return new WherryError('INVALID_REFERENCE', message, { hint, details: { reference: shown(text) } });
}

/** A character as people can see it. */
function quoted(character: string): string {
  return character === ' ' ? 'a space' : JSON.stringify(character);
}

function shown(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
