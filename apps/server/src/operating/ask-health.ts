import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import { WherryError } from '@wherry/core';
import type { ListenAddress } from '../listen/address.ts';

const PATH = '/healthz';
/** Of each address; a service that is well answers within milliseconds. */
const TIMEOUT_MS = 3_000;
/** What stands for every address of the machine, and where it is reached from here. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export interface HealthQuestion {
  /** Where the service listens. */
  readonly addresses: readonly ListenAddress[];
  /** There is a certificate, for every address that does not say otherwise. */
  readonly hasTls: boolean;
  /** For each address; absent: three seconds. */
  readonly timeoutMs?: number;
}

/**
 * Asks a service on this machine whether it answers, at one address after the other until one does. Throws
 * `UNREACHABLE` with the reason of the last one, `INVALID_ARGUMENT` where no address can be known.
 */
export async function askHealth({
  addresses,
  hasTls,
  timeoutMs = TIMEOUT_MS,
}: HealthQuestion): Promise<void> {
  const known = addresses.filter((address) => address.kind === 'unix' || address.port !== 0);
  let failure = new WherryError('INVALID_ARGUMENT', 'nobody can know where the service listens', {
    hint: 'give listen.addr a port other than 0',
  });
  for (const address of known) {
    try {
      const status = await statusAt(address, hasTls, timeoutMs);
      // Another address of this machine than loopback is not told of its health, and an answer all the same.
      if (status === 200 || status === 403) return;
      failure = unhealthy(address, `answered ${status}`);
    } catch (cause) {
      failure = unhealthy(address, reasonOf(cause), cause);
    }
  }
  throw failure;
}

async function statusAt(address: ListenAddress, hasTls: boolean, timeoutMs: number): Promise<number> {
  const signal = AbortSignal.timeout(timeoutMs);
  const options = { path: PATH, agent: false, signal } satisfies RequestOptions;
  const sent =
    address.kind === 'unix'
      ? requestPlain({ ...options, socketPath: address.path })
      : requestAt(address, hasTls, options);
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
  response.destroy();
  return response.statusCode ?? 0;
}

function requestAt(
  { host, port, isPlain }: Extract<ListenAddress, { kind: 'tcp' }>,
  hasTls: boolean,
  options: RequestOptions,
) {
  const place = { ...options, host: EVERYWHERE[host] ?? host, port };
  // Whether the certificate is for this address, and who signed it, is its clients' business.
  return hasTls && isPlain !== true
    ? requestEncrypted({ ...place, rejectUnauthorized: false })
    : requestPlain(place);
}

function unhealthy(address: ListenAddress, reason: string, cause?: unknown): WherryError {
  const where = address.kind === 'unix' ? `unix://${address.path}` : `${address.host}:${address.port}`;
  return new WherryError('UNREACHABLE', `the service at ${where} ${reason}`, { cause });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  // Of a time-out too, by whose signal the request is aborted.
  if (error.name === 'AbortError') return 'does not answer in time';
  return typeof code === 'string' ? `cannot be reached: ${code}` : `cannot be reached: ${error.message}`;
}
