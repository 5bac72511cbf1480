import type { CommandContext } from '../../command.ts';
import { completionScript, isShell, SHELLS } from '../../completion/scripts.ts';
import { CommandError } from '../../errors.ts';

/** `wherry completion`: what teaches a shell to complete our command lines. */
export async function run({ args, io }: CommandContext): Promise<number> {
  const [shell = ''] = args;
  if (!isShell(shell))
    throw new CommandError(`unknown shell ${JSON.stringify(shell)}: want one of ${SHELLS.join(', ')}`);
  io.stdout.write(await completionScript(shell));
  return 0;
}
