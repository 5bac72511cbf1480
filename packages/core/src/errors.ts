/** What a caller can do about an error; every code has exactly one kind. */
export type ErrorKind =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'unauthorized'
  | 'denied'
  | 'unsupported'
  | 'unavailable'
  | 'corrupt'
  | 'cancelled'
  | 'internal';

const KIND_OF_CODE = {
  INVALID_ARGUMENT: 'invalid',
  INVALID_REFERENCE: 'invalid',
  INVALID_DIGEST: 'invalid',
  INVALID_PLATFORM: 'invalid',
  INVALID_DOCUMENT: 'invalid',
  INVALID_CONFIG: 'invalid',
  INVALID_TAR: 'invalid',
  INVALID_ARCHIVE: 'invalid',
  INVALID_RANGE: 'invalid',
  INVALID_DOCKERFILE: 'invalid',
  BUILD_FAILED: 'invalid',
  IMAGE_UNKNOWN: 'not-found',
  CONTAINER_UNKNOWN: 'not-found',
  VOLUME_UNKNOWN: 'not-found',
  AMBIGUOUS_ID: 'not-found',
  TAG_UNKNOWN: 'not-found',
  PLATFORM_UNKNOWN: 'not-found',
  BLOB_UNKNOWN: 'not-found',
  MANIFEST_UNKNOWN: 'not-found',
  NAME_UNKNOWN: 'not-found',
  UPLOAD_UNKNOWN: 'not-found',
  FILE_NOT_FOUND: 'not-found',
  CREDENTIALS_NOT_FOUND: 'not-found',
  CONFLICT: 'conflict',
  UNAUTHORIZED: 'unauthorized',
  DENIED: 'denied',
  BLOCKED: 'denied',
  PERMISSION_DENIED: 'denied',
  NOT_TRUSTED: 'denied',
  UNSUPPORTED: 'unsupported',
  SCHEMA_TOO_NEW: 'unsupported',
  TOO_LARGE: 'unsupported',
  UNREACHABLE: 'unavailable',
  TLS_FAILED: 'unavailable',
  RATE_LIMITED: 'unavailable',
  REGISTRY_ERROR: 'unavailable',
  NO_SPACE: 'unavailable',
  DIGEST_MISMATCH: 'corrupt',
  SIZE_MISMATCH: 'corrupt',
  DIFF_ID_MISMATCH: 'corrupt',
  TRUNCATED: 'corrupt',
  CORRUPT: 'corrupt',
  CANCELLED: 'cancelled',
  INTERNAL: 'internal',
} as const satisfies Record<string, ErrorKind>;

/** Names one cause of failure. Part of the public API: codes are added, never renamed. */
export type ErrorCode = keyof typeof KIND_OF_CODE;

export interface ErrorOptions {
  /** What the user can do next, one line. */
  readonly hint?: string;
  /** Facts for machines: no secrets, JSON-serialisable. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class of the system. `message` is Docker's text where Docker has one; `hint` says what to
 * do next. A programming mistake is a plain `Error` instead.
 */
export class WherryError extends Error {
  override readonly name = 'WherryError';
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return KIND_OF_CODE[this.code];
  }
}

/** Tells whether `error` is a `WherryError`, with one of `codes` when any are given. */
export function isWherryError(error: unknown, ...codes: ErrorCode[]): error is WherryError {
  return error instanceof WherryError && (codes.length === 0 || codes.includes(error.code));
}

/** Tells whether `error` is a system error of Node's with one of `codes`, such as `ENOENT`. */
export function isErrno(error: unknown, ...codes: string[]): error is Error & { readonly code: string } {
  return error instanceof Error && codes.includes(String((error as { code?: unknown }).code));
}

/** Throws `CANCELLED` when `signal` is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new WherryError('CANCELLED', 'cancelled', { cause: signal.reason });
}
