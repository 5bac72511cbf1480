import { WherryError } from '../errors.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';
import { shownRequest } from './urls.ts';

const MAX_REDIRECTS = 10;

/** What another origin may see of our request. */
const SAFE_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-length',
  'content-range',
  'content-type',
  'range',
  'user-agent',
]);

/**
 * Sends and follows redirects; to another origin go only headers that identify nobody. 307 and 308 repeat
 * the method and the body, the others are followed for GET and HEAD alone. Throws `REGISTRY_ERROR` for a
 * loop, for too many hops, and for a target that is not http(s).
 */
export async function sendFollowing(
  transport: Transport,
  request: HttpRequest,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const seen = new Set<string>();
  let current = request;
  for (;;) {
    const response = await transport.send(current, signal);
    const location = response.headers.get('location');
    if (location === undefined || !isFollowed(response.status, current.method)) return response;
    await response[Symbol.asyncDispose]();
    seen.add(current.url.href);
    const next = target(location, current);
    if (seen.has(next.href)) throw failure(request, 'redirects in a loop');
    if (seen.size > MAX_REDIRECTS) throw failure(request, `stopped after ${MAX_REDIRECTS} redirects`);
    const headers = next.origin === current.url.origin ? current.headers : safeHeaders(current.headers);
    current = { ...current, url: next, ...(headers === undefined ? {} : { headers }) };
  }
}

function isFollowed(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return (status === 301 || status === 302 || status === 303) && (method === 'GET' || method === 'HEAD');
}

function target(location: string, request: HttpRequest): URL {
  const url = URL.parse(location, request.url.href);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw failure(request, 'redirect to an address that is not http or https');
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

function safeHeaders(headers: HttpRequest['headers']): HttpRequest['headers'] {
  if (headers === undefined) return undefined;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => SAFE_HEADERS.has(name)));
}

function failure(request: HttpRequest, text: string): WherryError {
  return new WherryError('REGISTRY_ERROR', `${shownRequest(request.method, request.url)}: ${text}`, {
    details: { host: request.url.host },
  });
}
