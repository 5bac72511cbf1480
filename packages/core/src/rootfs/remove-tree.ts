import { rm } from 'node:fs/promises';
import { WherryError } from '../errors.ts';
import { runProgram } from './run-program.ts';

/**
 * Removes directories and all in them; those that are not there are no fault. By rm(1), which gets to any depth
 * and takes a fifth of the time that Node needs, else by Node. Neither follows links.
 */
export async function removeTrees(...paths: string[]): Promise<void> {
  if (paths.length === 0) return;
  // Whoever is not root cannot empty directories that an image closes to their owner.
  if (process.geteuid?.() !== 0) await runProgram('chmod', ['-R', '--', 'u+rwx', ...paths]);
  const { status, stderr } = await runProgram('rm', ['-rf', '--', ...paths]);
  if (status === undefined) for (const path of paths) await rm(path, { recursive: true, force: true });
  else if (status !== 0)
    throw new WherryError('PERMISSION_DENIED', `cannot remove ${paths.join(', ')}: ${stderr}`);
}
