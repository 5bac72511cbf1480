import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors.ts';

const PREFIX = 'exec-';

/** What the name of each `exec`'s directory begins with, in that of its container. */
export function execDirectoryPrefix(containerDirectory: string): string {
  return join(containerDirectory, PREFIX);
}

/** The directories of a container that no `exec` needs any more once it has ended. */
export async function execDirectories(containerDirectory: string): Promise<string[]> {
  try {
    const names = await readdir(containerDirectory);
    return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(containerDirectory, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
