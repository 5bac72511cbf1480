import { BlockList, isIP } from 'node:net';
import { WherryError } from '@wherry/core';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Tells that `host` is this machine's alone. Throws `INVALID_ARGUMENT` for every other: the service has no
 * access control, so that whoever reaches it may read and change all it holds.
 */
export function requireLoopback(host: string): void {
  if (host === 'localhost' || isLoopbackAddress(host)) return;
  throw new WherryError(
    'INVALID_ARGUMENT',
    `address ${host} is not a loopback address, and there is no access control`,
    {
      hint: 'listen on 127.0.0.1, ::1 or localhost',
    },
  );
}

/** Tells whether an IP address is one of the loopback network. */
export function isLoopbackAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
