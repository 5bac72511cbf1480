import type { CommandContext } from '../command.ts';
import { asContainerCommand } from './container-failure.ts';
import { openCidFile } from './container-id-file.ts';
import { withImage } from './container-image.ts';
import { containerRequest } from './container-request.ts';

/** `wherry create`: a container to be started later. */
export async function run(context: CommandContext): Promise<number> {
  return await asContainerCommand('create', async () => {
    const request = await containerRequest(context);
    const cidFile = await openCidFile(context.flags);
    const engine = await context.engine();
    const { id } = await withImage(context, () => engine.containers.create(request));
    await cidFile?.write(id);
    context.io.stdout.write(`${id}\n`);
    return 0;
  });
}
