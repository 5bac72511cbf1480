import { WherryError } from '../../errors.ts';

/** A repository as a build context. */
export interface GitSource {
  /** What `git` is given: a URL or `user@host:path`. */
  readonly remote: string;
  /** Branch, tag or commit; absent: what the remote's HEAD is. */
  readonly ref?: string;
  /** From the root of the repository, without slashes at its ends; absent: the root. */
  readonly subdirectory?: string;
}

const SCHEME = /^(https?|ssh|git):\/\//i;
const SCP_LIKE = /^([A-Za-z0-9_][A-Za-z0-9_-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)(.+)$/s;
/** No name that `git check-ref-format` allows, and neither a commit's. */
const BAD_REF = /[ ~^:?*[\\]|\.\.|@\{|^-|\/$|^\/|\/\/|\.lock$|\.$/;
const CONTROL = /\p{Cc}/u;

/**
 * Reads a build context that is a git repository: `https://host/x.git#ref:directory`, `git://`, `ssh://`,
 * `user@host:path`, `github.com/…`; anything else is `undefined`. Throws `INVALID_ARGUMENT` for one that git must not
 * be given: what looks like an option, and a directory outside of the repository. BuildKit's `ParseGitRef`.
 */
export function parseGitUrl(text: string): GitSource | undefined {
  const hash = text.indexOf('#');
  const address = hash < 0 ? text : text.slice(0, hash);
  const remote = remoteOf(address);
  if (remote === undefined) return undefined;
  if (CONTROL.test(text)) throw refused(text, 'control characters');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  if (ref !== '' && BAD_REF.test(ref))
    throw refused(text, `${JSON.stringify(ref)} is no branch, tag or commit`);
  const subdirectory = colon < 0 ? '' : cleanSubdirectory(text, fragment.slice(colon + 1));
  return { remote, ...(ref !== '' && { ref }), ...(subdirectory !== '' && { subdirectory }) };
}

function remoteOf(address: string): string | undefined {
  if (address.startsWith('github.com/')) return `https://${address}`;
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const path = SCP_LIKE.exec(address)?.[3];
    // A path that looks like an option is one for the program at the other end.
    if (path?.startsWith('-')) throw refused(address, 'the path looks like an option');
    return path === undefined ? undefined : address;
  }
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (scheme.startsWith('http') && !url.pathname.endsWith('.git')) return undefined;
  if (url.hostname.startsWith('-') || decodeURIComponent(url.username).startsWith('-'))
    throw refused(address, 'the host looks like an option');
  return address;
}

/** A leading slash means the root of the repository. */
function cleanSubdirectory(text: string, path: string): string {
  const elements: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') elements.push(element);
    else if (elements.pop() === undefined) throw refused(text, 'the directory is outside of the repository');
  }
  return elements.join('/');
}

function refused(text: string, fault: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `invalid git URL ${JSON.stringify(redactUrls(text))}: ${fault}`);
}

/** Takes what comes before the `@` of URLs out of a text: names and secrets. */
export function redactUrls(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@'"]*@/gi, '$1xxxxx@');
}
