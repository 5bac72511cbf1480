import type { ContainerChange } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { oneLine } from '../../output/printable.ts';

const LETTERS = { added: 'A', modified: 'C', deleted: 'D' } as const satisfies Record<
  ContainerChange['kind'],
  string
>;

/** `wherry diff`: what a container changed in its files. */
export async function run({ args, engine, io, signal }: CommandContext): Promise<number> {
  const [container = ''] = args;
  const changes = await (await engine()).containers.diff(container, { signal });
  // Names are the container's: on a terminal they could do anything.
  const shown = (path: string) => (io.stdout.isTTY ? oneLine(path) : path);
  io.stdout.write(changes.map(({ path, kind }) => `${LETTERS[kind]} ${shown(path)}\n`).join(''));
  return 0;
}
