import { isWherryError, WherryError } from '../errors.ts';
import type { UnreachableReason } from './transport.ts';

interface SystemError {
  readonly code?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Who a certificate is for and who vouches for it, for people. */
export interface CertificateNames {
  readonly subject: string;
  readonly issuer: string;
}

const UNTRUSTED = 'certificate signed by unknown authority';

/** What Docker, i.e. Go's crypto/x509, says of a certificate that OpenSSL rejects. */
const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
  CERT_REVOKED: 'certificate has been revoked',
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_REJECTED: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: 'certificate signature is invalid',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: 'certificate specifies an incompatible key usage',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is valid for other names',
};

/** Tells whether `error` is a server certificate that was rejected. */
export function isCertificateFault(error: unknown): boolean {
  return certificateFault(error) !== undefined;
}

/**
 * Turns what sockets, TLS and the HTTP parser throw into `UNREACHABLE`, `TLS_FAILED` or `CANCELLED`, in the
 * words Docker prints. `names` tells whose certificate it was, when that is known.
 */
export function toTransportError(
  error: unknown,
  url: URL,
  signal?: AbortSignal,
  names?: CertificateNames,
): WherryError {
  if (isWherryError(error)) return error;
  if (signal?.aborted) return new WherryError('CANCELLED', 'cancelled', { cause: signal.reason });
  const fault = certificateFault(error);
  if (fault !== undefined) return untrusted(url, fault, names, error);
  const system = firstSystemError(error);
  const code = String(system.code ?? '');
  if (isNotTls(code, system)) return plainHttp(url, error);
  if (/^ERR_(?:SSL|TLS|OSSL)/.test(code) || code === 'EPROTO')
    return new WherryError('TLS_FAILED', `remote error: tls: ${tlsReason(system)}`, {
      details: { host: url.host, code },
      cause: error,
    });
  const [reason, text] = unreachable(code, system, url);
  return new WherryError('UNREACHABLE', text, { details: { host: url.host, reason, code }, cause: error });
}

function unreachable(code: string, error: SystemError, url: URL): [reason: UnreachableReason, text: string] {
  switch (code) {
    case 'ECONNREFUSED':
      return ['refused', `dial tcp ${address(error, url)}: connect: connection refused`];
    case 'ENOTFOUND':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return ['unknown-host', `dial tcp: lookup ${bareHost(url)}: no such host`];
    case 'EAI_AGAIN':
      return ['unknown-host', `dial tcp: lookup ${bareHost(url)}: temporary failure in name resolution`];
    case 'EHOSTUNREACH':
      return ['no-route', `dial tcp ${address(error, url)}: connect: no route to host`];
    case 'ENETUNREACH':
      return ['no-route', `dial tcp ${address(error, url)}: connect: network is unreachable`];
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return ['timeout', `dial tcp ${address(error, url)}: i/o timeout`];
    case 'UND_ERR_HEADERS_TIMEOUT':
      return ['timeout', 'net/http: timeout awaiting response headers'];
    case 'UND_ERR_BODY_TIMEOUT':
      return ['timeout', `read tcp ${hostAndPort(url)}: i/o timeout`];
    case 'ECONNRESET':
    case 'EPIPE':
      return ['broken', `read tcp ${hostAndPort(url)}: connection reset by peer`];
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return ['broken', 'unexpected EOF'];
    case 'UND_ERR_ABORTED':
      // What undici throws when a proxy refuses a tunnel; a second asking would be refused as well.
      return ['refused', String(error.message)];
    default:
      return ['broken', code.startsWith('HPE_') ? 'malformed HTTP response' : String(error.message ?? code)];
  }
}

function certificateFault(error: unknown): string | undefined {
  const seen = firstSystemError(error);
  const fault = CERTIFICATE_FAULTS[String(seen.code ?? '')];
  if (fault === undefined || seen.code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return fault;
  const { host, cert } = seen as { host?: unknown; cert?: { subjectaltname?: unknown } };
  const valid = String(cert?.subjectaltname ?? '').replace(/(?:DNS|IP Address):/g, '');
  return `certificate is valid for ${valid === '' ? 'no name' : valid}, not ${String(host ?? '')}`;
}

function untrusted(
  url: URL,
  fault: string,
  names: CertificateNames | undefined,
  cause: unknown,
): WherryError {
  const whose =
    names === undefined ? '' : ` (certificate of "${names.subject}", issued by "${names.issuer}")`;
  return new WherryError('TLS_FAILED', `tls: failed to verify certificate: x509: ${fault}${whose}`, {
    hint: `if you trust this registry, put the CA certificate that issued it into /etc/docker/certs.d/${url.host}/ca.crt`,
    details: { host: url.host, ...names },
    cause,
  });
}

function plainHttp(url: URL, cause: unknown): WherryError {
  return new WherryError('TLS_FAILED', 'http: server gave HTTP response to HTTPS client', {
    hint: `for a registry without TLS add "${url.host}" to "insecure-registries" in /etc/docker/daemon.json`,
    details: { host: url.host, plain: true },
    cause,
  });
}

function isNotTls(code: string, error: SystemError): boolean {
  return (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    (code === 'EPROTO' && /wrong version number|packet length too long/.test(String(error.message)))
  );
}

function tlsReason(error: SystemError): string {
  const { reason } = error as { reason?: unknown };
  return String(reason ?? error.message ?? error.code);
}

/** The innermost error with a code: undici and happy eyeballs wrap what the socket said. */
function firstSystemError(error: unknown): SystemError {
  let found: SystemError = {};
  let current: unknown = error;
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const candidate = current as SystemError;
    if (candidate.code !== undefined || found.message === undefined) found = candidate;
    current = Array.isArray(candidate.errors) ? candidate.errors.at(-1) : candidate.cause;
  }
  return found;
}

function address(error: SystemError, url: URL): string {
  if (typeof error.address !== 'string' || error.port === undefined) return hostAndPort(url);
  return error.address.includes(':') ? `[${error.address}]:${error.port}` : `${error.address}:${error.port}`;
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`;
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
