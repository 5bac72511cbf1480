import type { LoadedSettings } from '@wherry/server';
import type { CommandContext } from '../../command.ts';
import { plainly } from '../../errors.ts';

/** `wherry serve --health`: asks the service that these settings would make whether it answers. */
export async function run(
  { io }: CommandContext,
  {
    askHealth,
    parseListenAddress,
  }: Pick<typeof import('@wherry/server'), 'askHealth' | 'parseListenAddress'>,
  { current }: LoadedSettings,
): Promise<number> {
  const { addr, tlsCert } = current.listen;
  await plainly(() => askHealth({ addresses: addr.map(parseListenAddress), hasTls: tlsCert !== undefined }));
  io.stdout.write('ok\n');
  return 0;
}
