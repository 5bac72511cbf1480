/** What an `Authorization` header says. */
export type SentCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly name: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** Nothing that is understood here. */
  | { readonly kind: 'malformed' };

/** Reads an `Authorization` header; schemes are told by any case. RFC 7617, RFC 6750. */
export function parseAuthorization(header: string | undefined): SentCredentials {
  if (header === undefined) return { kind: 'none' };
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: rest };
  if (scheme.toLowerCase() !== 'basic' || !/^[\w+/-]+={0,2}$/.test(rest)) return { kind: 'malformed' };
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'malformed' };
  // skopeo and podman send this where they know no password.
  if (text === ':') return { kind: 'none' };
  return { kind: 'basic', name: text.slice(0, colon), password: text.slice(colon + 1) };
}
