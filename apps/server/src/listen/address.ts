import { BlockList, isIP } from 'node:net';
import { WherryError } from '@wherry/core';

/** Where a service listens. */
export type ListenAddress =
  /** `isPlain`: without TLS even where there is a certificate. Port 0: any free one. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isPlain?: boolean }
  | { readonly kind: 'unix'; readonly path: string };

/** What keeps strangers out of an address that other machines reach. */
export interface Protection {
  readonly hasAccessControl: boolean;
  readonly hasTls: boolean;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
const MAX_PORT = 65_535;

/**
 * Reads `host:port`, `:port` for every address of the machine, `[::1]:port`, `unix:///run/wherry.sock`. Before
 * a host `http://` means no TLS, `https://` and `tcp://` say nothing more. Throws `INVALID_ARGUMENT`.
 */
export function parseListenAddress(text: string): ListenAddress {
  const path = /^unix:(?:\/\/)?(\/[^/].*)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const match = /^(?:(http|https|tcp):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[4]);
  if (match === null || port > MAX_PORT)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `invalid address ${JSON.stringify(text)}: want HOST:PORT, such as 127.0.0.1:5000, or unix:///run/wherry.sock`,
    );
  const host = (match[2] ?? match[3]) || '0.0.0.0';
  return { kind: 'tcp', host, port, ...(match[1] === 'http' && { isPlain: true }) };
}

/** Tells whether `host` is this machine's alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

/** Tells whether an IP address is one of the loopback network. */
export function isLoopbackAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** What an address lacks that other machines reach, in words; `undefined`: nothing. */
export function exposureOf(host: string, { hasAccessControl, hasTls }: Protection): string | undefined {
  if (isLoopbackHost(host) || (hasAccessControl && hasTls)) return undefined;
  const missing = [...(hasTls ? [] : ['TLS']), ...(hasAccessControl ? [] : ['access control'])];
  return `address ${host} is not a loopback address, and there is no ${missing.join(' and no ')}`;
}

/** Throws `INVALID_ARGUMENT` for an address that others reach and that nothing protects. */
export function requireProtection(host: string, protection: Protection): void {
  const exposure = exposureOf(host, protection);
  if (exposure === undefined) return;
  throw new WherryError('INVALID_ARGUMENT', exposure, {
    hint: 'listen on 127.0.0.1, ::1 or localhost; or give --tls-cert and --tls-key, and accounts with wherry serve users add; or --insecure',
  });
}
