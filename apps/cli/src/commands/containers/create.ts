import { type ContainerRecord, type CreateContainerRequest, type Engine, isWherryError } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { plain } from '../../errors.ts';
import { asContainerCommand } from './container-failure.ts';
import { openCidFile } from './container-id-file.ts';
import { pullPolicy, withImage } from './container-image.ts';
import { containerRequest } from './container-request.ts';

/**
 * `wherry create`: a container to be started later. As with Docker, only a fault of its flags comes in the form
 * and with the exit code of `run`.
 */
export async function run(context: CommandContext): Promise<number> {
  const request = await asContainerCommand('create', async () => {
    pullPolicy(context);
    return await containerRequest(context);
  });
  const cidFile = await openCidFile(context.flags);
  const engine = await context.engine();
  const { id } = await withImage(context, () => create(engine, request));
  await cidFile?.write(id);
  context.io.stdout.write(`${id}\n`);
  return 0;
}

/** Docker's client reads the image's name itself, and says what is wrong with it without a prefix. */
async function create({ containers }: Engine, request: CreateContainerRequest): Promise<ContainerRecord> {
  try {
    return await containers.create(request);
  } catch (error) {
    throw isWherryError(error, 'INVALID_REFERENCE') ? plain(error) : error;
  }
}
