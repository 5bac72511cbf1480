import { WherryError } from '@wherry/core';

/** A request's path, understood. The specification's endpoint numbers stand beside. */
export type Endpoint =
  | { readonly kind: 'base' } // end-1
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string } // end-2, end-10
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string } // end-3, end-7, end-9
  | { readonly kind: 'uploads'; readonly name: string } // end-4, end-11
  | { readonly kind: 'upload'; readonly name: string; readonly id: string } // end-5, end-6, end-13, end-14
  | { readonly kind: 'tags'; readonly name: string } // end-8
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string } // end-12
  | { readonly kind: 'catalog' }; // Docker's registry API alone

export type EndpointOf<K extends Endpoint['kind']> = Extract<Endpoint, { kind: K }>;

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const MAX_NAME_LENGTH = 255;
/** Paths that are remembered; the next one after them begins anew. */
const MAX_RECENT = 1_000;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Each request's path is read several times, and clients ask for the same few again and again. */
const recent = new Map<string, Endpoint>();

/**
 * Reads the part of a path behind `/v2/`, percent-decoded. A repository's name has any number of parts and
 * may hold words such as `blobs`, so that only the path's end tells what is meant. `undefined`: no endpoint
 * of ours. Throws `INVALID_REFERENCE` for a name outside the grammar.
 * OCI distribution-spec v1.1, "Endpoints", "Pulling manifests".
 */
export function parseEndpoint(path: string): Endpoint | undefined {
  const known = recent.get(path);
  if (known) return known;
  const endpoint = readEndpoint(path);
  if (!endpoint) return undefined;
  if (recent.size >= MAX_RECENT) recent.clear();
  recent.set(path, endpoint);
  return endpoint;
}

function readEndpoint(path: string): Endpoint | undefined {
  const parts = path.replace(/\/$/, '').split('/');
  const [third, second, last] = [parts.at(-3), parts.at(-2), parts.at(-1) ?? ''];
  if (parts.length === 1 && last === '') return { kind: 'base' };
  // No repository's name begins with an underscore.
  if (parts.length === 1) return last === '_catalog' ? { kind: 'catalog' } : undefined;
  if (second === 'tags' && last === 'list') return { kind: 'tags', name: nameIn(parts, 2) };
  if (third === 'blobs' && second === 'uploads') return { kind: 'upload', name: nameIn(parts, 3), id: last };
  if (second === 'blobs' && last === 'uploads') return { kind: 'uploads', name: nameIn(parts, 2) };
  if (second === 'blobs') return { kind: 'blob', name: nameIn(parts, 2), digest: last };
  if (second === 'referrers') return { kind: 'referrers', name: nameIn(parts, 2), digest: last };
  if (second === 'manifests') return { kind: 'manifest', name: nameIn(parts, 2), reference: last };
  return undefined;
}

/** Tells whether `text` is a tag. OCI distribution-spec v1.1, "Pulling manifests". */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

function nameIn(parts: readonly string[], suffixParts: number): string {
  const name = parts.slice(0, -suffixParts).join('/');
  if (name.length > MAX_NAME_LENGTH)
    throw new WherryError(
      'INVALID_REFERENCE',
      `repository name has ${name.length} characters, the limit is ${MAX_NAME_LENGTH}`,
    );
  if (!NAME.test(name))
    throw new WherryError('INVALID_REFERENCE', `invalid repository name ${JSON.stringify(name)}`);
  return name;
}
