import type { ByteSource } from '../bytes/byte-source.ts';
import { collect } from '../bytes/collect.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { Transport } from './transport.ts';
import { shownRequest, shownUrl } from './urls.ts';

const MAX_REDIRECTS = 10;
const MAX_ERROR_BYTES = 1024;

/** What a plain URL answered with. */
export interface Download extends AsyncDisposable {
  readonly body: ByteSource;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes, where the server says so. */
  readonly total?: number;
  /** Where redirects led. */
  readonly url: URL;
}

/**
 * Gets a plain URL, redirects followed. Throws `FILE_NOT_FOUND` with Docker's text for any answer but a good one,
 * `UNREACHABLE`, `TLS_FAILED`, `CANCELLED`.
 */
export async function openDownload(transport: Transport, from: URL, signal?: AbortSignal): Promise<Download> {
  let url = from;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(transport, url, signal);
    const { status, headers, body } = response;
    const location = headers.get('location');
    if (status >= 300 && status < 400 && location) {
      await response[Symbol.asyncDispose]();
      url = new URL(location, url);
      continue;
    }
    if (status !== 200) throw await refusal(from, status, body);
    const total = Number(headers.get('content-length') ?? Number.NaN);
    return {
      ...{ body, headers, url },
      ...(total >= 0 && { total }),
      [Symbol.asyncDispose]: () => response[Symbol.asyncDispose](),
    };
  }
  throw new WherryError(
    'UNREACHABLE',
    `${shownRequest('GET', from)}: stopped after ${MAX_REDIRECTS} redirects`,
  );
}

async function send(transport: Transport, url: URL, signal?: AbortSignal) {
  try {
    return await transport.send({ method: 'GET', url }, signal);
  } catch (cause) {
    if (!isWherryError(cause) || cause.kind === 'cancelled') throw cause;
    const { code, message, hint, details } = cause;
    throw new WherryError(code, `${shownRequest('GET', url)}: ${message}`, {
      ...(hint !== undefined && { hint }),
      details,
      cause,
    });
  }
}

async function refusal(url: URL, status: number, body: ByteSource): Promise<WherryError> {
  const { STATUS_CODES } = await import('node:http');
  const text = await collect(body, MAX_ERROR_BYTES).catch(() => new Uint8Array());
  const said = new TextDecoder().decode(text).trim();
  return new WherryError(
    'FILE_NOT_FOUND',
    `failed to GET ${shownUrl(url)} with status ${status} ${STATUS_CODES[status] ?? ''}: ${said}`,
    { details: { status } },
  );
}
