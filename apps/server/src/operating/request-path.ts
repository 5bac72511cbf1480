const MAX_LENGTH = 1000;
/** Parameters whose values may be secrets: tokens, signatures of signed addresses, arguments of builds. */
const SECRET_NAME = /token|secret|passw|credential|auth|signature|^sig$|^code$|buildargs|api[-_]?key/i;
/** `user:password@` of an address, encoded or not. */
const USER_INFO = /((?::|%3a)(?:\/|%2f){2})[^/@&]*?(?:@|%40)/gi;
const REDACTED = '(not shown)';

/** A request's path and query as they may be written down: without secrets, and no longer than is useful. */
export function loggablePath(url: string): string {
  const mark = url.indexOf('?');
  if (mark === -1) return shortened(url.replace(USER_INFO, '$1'));
  const query = url
    .slice(mark + 1)
    .split('&')
    .map(loggableParameter)
    .join('&');
  return shortened(`${url.slice(0, mark)}?${query}`.replace(USER_INFO, '$1'));
}

function loggableParameter(text: string): string {
  const [name = '', value] = text.split('=', 2);
  return value !== undefined && SECRET_NAME.test(decoded(name)) ? `${name}=${REDACTED}` : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // What is no encoding is a name as it stands.
    return text;
  }
}

function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}
