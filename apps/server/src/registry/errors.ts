import { type ErrorCode, type ErrorKind, isErrno, isWherryError, WherryError } from '@wherry/core';

/** OCI distribution-spec v1.1, "Error Codes"; `UNKNOWN` is what registries say of their own faults. */
export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

/** One error as it goes over the wire. */
export interface OciError {
  readonly code: OciErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

/** An answer to a request that failed. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly errors: readonly OciError[] };
}

const OCI_CODES = {
  INVALID_ARGUMENT: 'UNSUPPORTED',
  INVALID_REFERENCE: 'NAME_INVALID',
  INVALID_DIGEST: 'DIGEST_INVALID',
  INVALID_PLATFORM: 'UNSUPPORTED',
  INVALID_DOCUMENT: 'MANIFEST_INVALID',
  INVALID_CONFIG: 'UNKNOWN',
  INVALID_TAR: 'UNKNOWN',
  INVALID_ARCHIVE: 'UNKNOWN',
  INVALID_RANGE: 'BLOB_UPLOAD_INVALID',
  INVALID_DOCKERFILE: 'UNSUPPORTED',
  BUILD_FAILED: 'UNSUPPORTED',
  IMAGE_UNKNOWN: 'MANIFEST_UNKNOWN',
  CONTAINER_UNKNOWN: 'NAME_UNKNOWN',
  VOLUME_UNKNOWN: 'NAME_UNKNOWN',
  AMBIGUOUS_ID: 'MANIFEST_UNKNOWN',
  TAG_UNKNOWN: 'MANIFEST_UNKNOWN',
  PLATFORM_UNKNOWN: 'MANIFEST_UNKNOWN',
  BLOB_UNKNOWN: 'BLOB_UNKNOWN',
  MANIFEST_UNKNOWN: 'MANIFEST_UNKNOWN',
  NAME_UNKNOWN: 'NAME_UNKNOWN',
  UPLOAD_UNKNOWN: 'BLOB_UPLOAD_UNKNOWN',
  FILE_NOT_FOUND: 'UNKNOWN',
  CREDENTIALS_NOT_FOUND: 'UNAUTHORIZED',
  CONFLICT: 'BLOB_UPLOAD_INVALID',
  UNAUTHORIZED: 'UNAUTHORIZED',
  DENIED: 'DENIED',
  BLOCKED: 'DENIED',
  PERMISSION_DENIED: 'UNKNOWN',
  NOT_TRUSTED: 'DENIED',
  UNSUPPORTED: 'UNSUPPORTED',
  SCHEMA_TOO_NEW: 'UNKNOWN',
  TOO_LARGE: 'MANIFEST_INVALID',
  UNREACHABLE: 'UNKNOWN',
  TLS_FAILED: 'UNKNOWN',
  RATE_LIMITED: 'TOOMANYREQUESTS',
  REGISTRY_ERROR: 'UNKNOWN',
  NO_SPACE: 'UNKNOWN',
  DIGEST_MISMATCH: 'DIGEST_INVALID',
  SIZE_MISMATCH: 'SIZE_INVALID',
  DIFF_ID_MISMATCH: 'UNKNOWN',
  TRUNCATED: 'BLOB_UPLOAD_INVALID',
  CORRUPT: 'UNKNOWN',
  CANCELLED: 'UNKNOWN',
  INTERNAL: 'UNKNOWN',
} as const satisfies Record<ErrorCode, OciErrorCode>;

const STATUS_OF_KIND = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  unauthorized: 401,
  denied: 403,
  unsupported: 405,
  unavailable: 503,
  corrupt: 500,
  cancelled: 503,
  internal: 500,
} as const satisfies Record<ErrorKind, number>;

/** Codes that HTTP has a closer word for than their kind. */
const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  INVALID_RANGE: 416,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  NO_SPACE: 507,
  // A registry that is mirrored does not do as it should.
  UNREACHABLE: 502,
  TLS_FAILED: 502,
  REGISTRY_ERROR: 502,
  // What a client sent did not fit what it said: its mistake, not the store's.
  DIGEST_MISMATCH: 400,
  SIZE_MISMATCH: 400,
  TRUNCATED: 400,
  PERMISSION_DENIED: 500,
};

/** Translates any error into the answer the specification has for it. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (isWherryError(error)) return answerTo(error);
  if (isErrno(error, 'ENOSPC', 'EDQUOT'))
    return answerTo(new WherryError('NO_SPACE', 'no space left on the store', { cause: error }));
  const status = clientFault(error);
  if (status !== undefined) return answer(status, 'UNSUPPORTED', (error as Error).message);
  // Its text may name paths and other things that are none of the client's business.
  return answer(500, 'UNKNOWN', 'internal error');
}

/** An answer with one error in it. */
export function answer(status: number, code: OciErrorCode, message: string, detail?: unknown): ErrorAnswer {
  return { status, body: { errors: [{ code, message, ...(detail !== undefined && { detail }) }] } };
}

function answerTo(error: WherryError): ErrorAnswer {
  const { missing, isPrecondition } = error.details;
  const status = isPrecondition === true ? 412 : (STATUS_OF_CODE[error.code] ?? STATUS_OF_KIND[error.kind]);
  if (error.code === 'BLOB_UNKNOWN' && Array.isArray(missing)) {
    const errors = missing.map((digest: unknown) => ({
      code: 'MANIFEST_BLOB_UNKNOWN' as const,
      message: 'blob unknown to registry',
      detail: { digest },
    }));
    return { status, body: { errors } };
  }
  return answer(status, OCI_CODES[error.code], error.message, error.hint && { hint: error.hint });
}

/** Fastify's own errors carry the status that fits them, such as 415 for a malformed `Content-Type`. */
function clientFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
