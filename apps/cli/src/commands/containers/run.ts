import type { CommandContext } from '../../command.ts';
import { attachedSink, requireOutput } from './attach-flag.ts';
import {
  attendSession,
  detachKeysOf,
  requireTerminal,
  sessionOptions,
  startOptions,
} from './attend-session.ts';
import { asContainerCommand } from './container-failure.ts';
import { openCidFile } from './container-id-file.ts';
import { withImage } from './container-image.ts';
import { containerRequest } from './container-request.ts';

/** `wherry run`: a new container, in the foreground or in the background. Returns its exit code. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const [interactive, tty] = [flags.bool('interactive'), flags.bool('tty')];
  const isDetached = flags.bool('detach');
  if (!isDetached) requireTerminal(io, { interactive, tty });
  return await asContainerCommand('run', async () => {
    const detachKeys = await detachKeysOf(context);
    const request = await containerRequest(context);
    const { attached = [] } = request;
    if (!isDetached) requireOutput(attached);
    const cidFile = await openCidFile(flags);
    const { containers } = await context.engine();
    const shown = sessionOptions(context);
    const options = isDetached
      ? startOptions(context)
      : { ...shown, sink: attachedSink(shown.sink, attached) };
    const { container, session } = await withImage(context, () => containers.run(request, options));
    await cidFile?.write(container.id);
    const attendance = { interactive: interactive && attached.includes('stdin'), tty, detachKeys };
    if (session) return await attendSession(context, session, attendance);
    io.stdout.write(`${container.id}\n`);
    return 0;
  });
}
