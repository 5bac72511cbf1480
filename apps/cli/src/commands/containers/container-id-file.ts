import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { CommandError, fileError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

/** The file of `--cidfile`. Throws a `CommandError` in Docker's words when it is there already. */
export async function openCidFile(flags: Flags): Promise<{ write(id: string): Promise<void> } | undefined> {
  const path = flags.string('cidfile');
  if (!path) return undefined;
  if (existsSync(path))
    throw new CommandError(
      `container ID file found, make sure the other container isn't running or delete ${path}`,
    );
  return {
    async write(id) {
      try {
        await writeFile(path, id, { flag: 'wx' });
      } catch (error) {
        throw fileError(error, 'create', path);
      }
    },
  };
}
