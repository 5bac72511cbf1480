import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const PREFIX = 'tmp-';

/**
 * Writes a small file such that readers see the old one or the new one. Not flushed, for what need not outlive
 * a loss of power: that is what takes the time.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export function temporaryBeside(path: string): string {
  return join(dirname(path), `${PREFIX}${randomUUID()}`);
}

/** Tells whether a name is one of `temporaryBeside`. */
export function isTemporary(name: string): boolean {
  return name.startsWith(PREFIX);
}
