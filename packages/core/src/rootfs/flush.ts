import { WherryError } from '../errors.ts';
import { runProgram } from './run-program.ts';

/** Flushes the file system of a directory, by sync(1): Node has a call for single files alone. */
export async function flushFileSystem(directory: string): Promise<void> {
  const { status, stderr } = await runProgram('sync', ['-f', '--', directory]);
  if (status !== 0)
    throw new WherryError('INTERNAL', `cannot flush ${directory}: ${stderr || 'no sync program'}`);
}
