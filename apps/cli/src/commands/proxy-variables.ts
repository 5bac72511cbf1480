import { readProxyVariables } from '@wherry/core';
import type { CommandContext } from '../command.ts';

/** What Docker's configuration says of proxies, as variables for the programs of containers and builds. */
export function proxyVariables({
  globals,
  io,
}: Pick<CommandContext, 'globals' | 'io'>): Promise<Readonly<Record<string, string>>> {
  const config = globals.string('config');
  // wherry's own file says nothing of Docker's directory.
  const dockerConfigDir = config?.endsWith('.toml') ? undefined : config;
  return readProxyVariables({ env: io.env, ...(dockerConfigDir && { dockerConfigDir }) });
}
