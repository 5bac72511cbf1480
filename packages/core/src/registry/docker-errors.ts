import { collect } from '../bytes/collect.ts';
import { type ErrorCode, WherryError } from '../errors.ts';
import { familiarName, familiarRepository, type Reference } from '../reference.ts';
import { parseChallenges } from './challenge.ts';
import { durationText, quotaText, rateLimitOf } from './rate-limits.ts';
import { retryAfterMs } from './retry.ts';
import type { HttpResponse } from './transport.ts';

const MAX_ERROR_BODY_BYTES = 64 * 1024;
const SHOWN_BODY_CHARACTERS = 300;

/** One entry of a registry's `errors`. OCI distribution-spec v1.1, "Error Codes". */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** An answer of 4xx or 5xx, read. `text` is what Docker prints of it. */
export interface Problem {
  readonly status: number;
  readonly entries: readonly RegistryErrorEntry[];
  readonly text: string;
  readonly headers: ReadonlyMap<string, string>;
}

const CODE_OF_ENTRY: Readonly<Record<string, ErrorCode>> = {
  BLOB_UNKNOWN: 'BLOB_UNKNOWN',
  BLOB_UPLOAD_INVALID: 'REGISTRY_ERROR',
  BLOB_UPLOAD_UNKNOWN: 'UPLOAD_UNKNOWN',
  DENIED: 'DENIED',
  DIGEST_INVALID: 'DIGEST_MISMATCH',
  MANIFEST_BLOB_UNKNOWN: 'BLOB_UNKNOWN',
  MANIFEST_INVALID: 'INVALID_DOCUMENT',
  MANIFEST_UNKNOWN: 'MANIFEST_UNKNOWN',
  MANIFEST_UNVERIFIED: 'INVALID_DOCUMENT',
  NAME_INVALID: 'INVALID_REFERENCE',
  NAME_UNKNOWN: 'NAME_UNKNOWN',
  SIZE_INVALID: 'SIZE_MISMATCH',
  TAG_INVALID: 'INVALID_REFERENCE',
  TOOMANYREQUESTS: 'RATE_LIMITED',
  UNAUTHORIZED: 'UNAUTHORIZED',
  UNSUPPORTED: 'UNSUPPORTED',
};

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'DENIED',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
};

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** `404 Not Found`, as Go prints a status. */
export function statusText(status: number): string {
  const text = STATUS_TEXT[status];
  return text === undefined ? String(status) : `${status} ${text}`;
}

/** Reads what a registry says of a failure and disposes the response. */
export async function readProblem(response: HttpResponse): Promise<Problem> {
  await using open = response;
  const { status, headers } = open;
  const body = new TextDecoder().decode(await bodyStart(open));
  const told = [...challengeErrors(headers.get('www-authenticate')), ...entriesOf(body, status)];
  const entries = told.length === 0 && body === '' ? (MEANING_OF_STATUS[status] ?? []) : told;
  return { status, entries, headers, text: problemText(status, entries, body) };
}

/** The error that a problem is, in the registry's own words: what a push prints. */
export function problemError(problem: Problem): WherryError {
  return told(problem, problem.text);
}

function told(problem: Problem, text: string): WherryError {
  const code = codeOf(problem);
  const hint = HINTS[code];
  const quota = code === 'RATE_LIMITED' ? quotaSuffix(problem.headers) : '';
  return new WherryError(code, `${text}${quota}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { status: problem.status, errors: problem.entries },
  });
}

/** Whose quota is used up, and when it comes back, as far as the answer tells. */
function quotaSuffix(headers: ReadonlyMap<string, string>): string {
  const limit = rateLimitOf('', headers);
  const facts = limit === undefined ? [] : [quotaText(limit)];
  const retryAfter = headers.get('retry-after');
  const sent = new Date(headers.get('date') ?? Number.NaN);
  const waitMs = retryAfterMs(retryAfter, sent);
  if (waitMs !== undefined && !Number.isNaN(waitMs)) facts.push(`ends in ${durationText(waitMs / 1000)}`);
  else if (retryAfter !== undefined) facts.push(`ends at ${printable(retryAfter)}`);
  return facts.length === 0 ? '' : ` (${facts.join('; ')})`;
}

/**
 * The error of a failed pull: access, manifest and name are told with the reference, as Docker does.
 * `missing` is what a 404 means that says nothing itself.
 */
export function pullError(
  problem: Problem,
  ref: Reference,
  missing: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN',
): WherryError {
  const [first] = problem.entries;
  if (first === undefined) {
    if (problem.status !== 404) return problemError(problem);
    const entries = [{ code: missing, message: problem.text }];
    return pullError({ ...problem, entries }, ref, missing);
  }
  const said = entryText(first);
  switch (first.code.toUpperCase()) {
    case 'DENIED':
      return told(
        problem,
        `pull access denied for ${familiarRepository(ref)}, repository does not exist or may require 'docker login': ${said}`,
      );
    case 'MANIFEST_UNKNOWN':
      return told(problem, `manifest for ${familiarName(ref)} not found: ${said}`);
    case 'NAME_UNKNOWN':
      return told(problem, `repository ${familiarRepository(ref)} not found: ${said}`);
    default:
      return told(problem, said);
  }
}

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  UNAUTHORIZED: "check the name, or log in with 'wherry login'",
  DENIED: "check the name, or log in with 'wherry login'",
  RATE_LIMITED: 'log in for a larger quota, or configure a mirror',
};

function codeOf(problem: Problem): ErrorCode {
  const [first] = problem.entries;
  const known = first === undefined ? undefined : CODE_OF_ENTRY[first.code.toUpperCase()];
  return known ?? CODE_OF_STATUS[problem.status] ?? 'REGISTRY_ERROR';
}

function problemText(status: number, entries: readonly RegistryErrorEntry[], body: string): string {
  const [first] = entries;
  if (first !== undefined) {
    if (entries.length === 1) return entryText(first);
    return `errors:\n${entries.map((entry) => `${entryText(entry)}\n`).join('')}`;
  }
  if (status >= 500 || body.trim() === '') return `received unexpected HTTP status: ${statusText(status)}`;
  return `error parsing HTTP ${status} response body: ${JSON.stringify(printable(body))}`;
}

function entryText(entry: RegistryErrorEntry): string {
  const code = entry.code.toLowerCase().replaceAll('_', ' ');
  return entry.message === '' ? code : `${code}: ${entry.message}`;
}

/** What RFC 6750 puts into the challenge itself; Docker prints it first. */
function challengeErrors(header: string | undefined): RegistryErrorEntry[] {
  for (const { scheme, parameters } of parseChallenges(header ?? '')) {
    const error = scheme === 'bearer' ? parameters.get('error') : undefined;
    const said = parameters.get('error_description') ?? '';
    if (error === 'insufficient_scope')
      return [{ code: 'DENIED', message: said || 'requested access to the resource is denied' }];
    if (error === 'invalid_token')
      return [{ code: 'UNAUTHORIZED', message: said || 'authentication required' }];
  }
  return [];
}

function entriesOf(body: string, status: number): RegistryErrorEntry[] {
  const document = parsedObject(body);
  if (document === undefined) return [];
  const { errors, details } = document;
  if (typeof details === 'string' && details !== '')
    return [{ code: DETAILS_CODE[status] ?? 'UNKNOWN', message: printable(details) }];
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 20).flatMap((entry: unknown) => {
    const { code, message } = (entry ?? {}) as { code?: unknown; message?: unknown };
    if (typeof code !== 'string' || code === '') return [];
    return [{ code: printable(code), message: typeof message === 'string' ? printable(message) : '' }];
  });
}

/** What an answer without a body means: to HEAD there is none. */
const MEANING_OF_STATUS: Readonly<Record<number, readonly RegistryErrorEntry[]>> = {
  401: [{ code: 'UNAUTHORIZED', message: 'authentication required' }],
  403: [{ code: 'DENIED', message: 'requested access to the resource is denied' }],
  429: [{ code: 'TOOMANYREQUESTS', message: 'too many requests' }],
};

/** Token servers answer `{"details": "…"}`. */
const DETAILS_CODE: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 429: 'TOOMANYREQUESTS' };

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The start of a body; one that breaks off, or is larger than any error, still says something. */
async function bodyStart(response: HttpResponse): Promise<Uint8Array> {
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > MAX_ERROR_BODY_BYTES) return new Uint8Array();
  try {
    return await collect(response.body, MAX_ERROR_BODY_BYTES);
  } catch (error) {
    if (error instanceof WherryError && error.code !== 'CANCELLED') return new Uint8Array();
    throw error;
  }
}

/** Registry text on its way to a terminal: short, no control characters. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return clean.length > SHOWN_BODY_CHARACTERS ? `${clean.slice(0, SHOWN_BODY_CHARACTERS)}…` : clean;
}
