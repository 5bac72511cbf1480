import type { FlagSpec } from '../flags.ts';

const REFUSED = { usage: '', hidden: true } as const;

/**
 * Flags of Docker's `run` and `create` that need what there is not without a daemon. They are read to be refused by
 * name, with what to use instead: `commands/containers/container-refusals.ts`.
 */
export const REFUSED_FLAGS: readonly FlagSpec[] = [
  { name: 'gpus', type: 'string', ...REFUSED },
  { name: 'ip', type: 'string', ...REFUSED },
  { name: 'ip6', type: 'string', ...REFUSED },
  { name: 'kernel-memory', type: 'string', ...REFUSED },
  { name: 'link', type: 'list', ...REFUSED },
  { name: 'link-local-ip', type: 'list', ...REFUSED },
  { name: 'mac-address', type: 'string', ...REFUSED },
  { name: 'net-alias', type: 'list', ...REFUSED },
  { name: 'network-alias', type: 'list', ...REFUSED },
  { name: 'storage-opt', type: 'list', ...REFUSED },
  { name: 'use-api-socket', type: 'bool', ...REFUSED },
];
