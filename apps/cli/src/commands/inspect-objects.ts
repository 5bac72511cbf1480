import { type ContainerInspection, type Engine, isWherryError } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { FAILURE_EXIT_CODE } from '../exit-codes.ts';
import type { Inspector } from '../output/inspector.ts';

/** What is wrong with one of the names, and how it is told. */
interface Fault {
  readonly error: Error;
  readonly text: string;
}

/** `wherry container inspect`, and `inspect --type container`. Returns the exit code. */
export async function inspectContainers(context: CommandContext, inspector: Inspector): Promise<number> {
  const { containers } = await context.engine();
  const sizes = context.flags.bool('size');
  return await inspectEach(context, inspector, async (name) => {
    try {
      return templateFault(
        inspector.add(await containers.describe({ container: name, ...(sizes && { sizes }) }), 'container'),
      );
    } catch (error) {
      if (!isWherryError(error, 'CONTAINER_UNKNOWN', 'AMBIGUOUS_ID')) throw error;
      return { error, text: `Error: ${error.message}` };
    }
  });
}

/** `wherry inspect`: of each name the container, or else the image. Returns the exit code. */
export async function inspectObjects(context: CommandContext, inspector: Inspector): Promise<number> {
  const engine = await context.engine();
  const sizes = context.flags.bool('size');
  return await inspectEach(context, inspector, async (name) => {
    const container = await containerIfThere(engine, name, sizes);
    if (container instanceof Error) return { error: container, text: `Error: ${container.message}` };
    if (container !== undefined) return templateFault(inspector.add(container, 'container'));
    try {
      return templateFault(inspector.add(await engine.inspect(name)));
    } catch (error) {
      if (!isWherryError(error, 'IMAGE_UNKNOWN', 'AMBIGUOUS_ID', 'INVALID_REFERENCE', 'INVALID_DIGEST'))
        throw error;
      return { error, text: `Error: No such object: ${name}` };
    }
  });
}

/** `undefined`: none has the name, or there are no containers on this system; an error: several may be meant. */
async function containerIfThere(
  { containers }: Engine,
  container: string,
  sizes: boolean,
): Promise<ContainerInspection | Error | undefined> {
  try {
    return await containers.describe({ container, ...(sizes && { sizes }) });
  } catch (error) {
    if (isWherryError(error, 'CONTAINER_UNKNOWN', 'UNSUPPORTED')) return undefined;
    if (isWherryError(error, 'AMBIGUOUS_ID')) return error;
    throw error;
  }
}

function templateFault(fault: Error | undefined): Fault | undefined {
  return fault && { error: fault, text: fault.message };
}

/** Prints what the inspector makes of all that are there, then what is wrong with the others. */
async function inspectEach(
  { args, complain, io }: CommandContext,
  inspector: Inspector,
  inspect: (name: string) => Promise<Fault | undefined>,
): Promise<number> {
  const faults: Fault[] = [];
  for (const name of args) {
    const fault = await inspect(name);
    if (fault !== undefined) faults.push(fault);
  }
  io.stdout.write(inspector.text());
  for (const { error, text } of faults) complain(error, text);
  return faults.length === 0 ? 0 : FAILURE_EXIT_CODE;
}
