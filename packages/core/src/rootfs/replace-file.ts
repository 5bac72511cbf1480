import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a small file such that readers see the old one or the new one. Not flushed, for what need not outlive
 * a loss of power: that is what takes the time.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = temporaryBeside(path);
  await writeFile(temporary, text);
  await rename(temporary, path);
}

export function temporaryBeside(path: string): string {
  return join(dirname(path), `tmp-${randomUUID()}`);
}
