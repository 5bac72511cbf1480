import { mkdir, rmdir } from 'node:fs/promises';
import { isErrno, WherryError } from '../errors.ts';
import { runProgram } from './run-program.ts';

/**
 * Makes a directory appear at `target` too, which is made for it, until `unbindDirectory`; by mount(8), as root.
 * Throws `PERMISSION_DENIED`.
 */
export async function bindDirectory(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const { status, stderr } = await runProgram('mount', ['--bind', '--', source, target]);
  if (status !== 0)
    throw new WherryError('PERMISSION_DENIED', `cannot mount at ${target}: ${stderr || 'no mount program'}`);
}

/** Takes away what `bindDirectory` made, as often as it was made; nothing below it is ever removed. */
export async function unbindDirectory(target: string): Promise<void> {
  for (;;)
    try {
      await rmdir(target);
      return;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      if (!isErrno(error, 'EBUSY')) throw error;
      const { status, stderr } = await runProgram('umount', ['-l', '--', target]);
      if (status !== 0) throw new WherryError('CONFLICT', `cannot unmount ${target}: ${stderr}`);
    }
}
