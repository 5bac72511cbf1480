import type { CommandContext } from '../../command.ts';
import { HUB_ADDRESS, serverHost } from './server-name.ts';

/** `wherry logout`: forgets credentials. */
export async function run({ args, engine, io }: CommandContext): Promise<number> {
  const host = serverHost(args[0]);
  io.stdout.write(`Removing login credentials for ${host ?? HUB_ADDRESS}\n`);
  await (await engine()).logout(host);
  return 0;
}
