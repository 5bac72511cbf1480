const PATH_PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const DOMAIN = /^[a-zA-Z0-9.:[\]-]+$/;

/**
 * Whether a text can name an image: `[domain/]path[:tag][@digest]`. A hint for lint, not the judge of references:
 * it knows no limits of length.
 */
export function isImageName(text: string): boolean {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return false;
  const parts = named.split('/');
  const [last = '', tag, ...rest] = (parts.pop() ?? '').split(':');
  if (rest.length > 0 || (tag !== undefined && !TAG.test(tag))) return false;
  const [first] = parts;
  const hasDomain = first !== undefined && (/[.:A-Z]/.test(first) || first === 'localhost');
  if (hasDomain && !DOMAIN.test(first)) return false;
  return [...parts.slice(hasDomain ? 1 : 0), last].every((part) => PATH_PART.test(part));
}
