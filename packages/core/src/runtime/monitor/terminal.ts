import { readFile } from 'node:fs/promises';
import { isErrno, WherryError } from '../../errors.ts';
import { needProgram, runProgram } from '../program.ts';

/** Characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

const MAX_CHARACTERS = 65_535;

/**
 * Puts a terminal between pipes and a command. Node makes no terminals; `script`, which every distribution's
 * base system has, does. The path of the terminal is written to `terminalFile`. Throws `UNSUPPORTED` without
 * that program.
 */
export function terminalCommand(
  command: readonly string[],
  size: TerminalSize,
  terminalFile: string,
): readonly string[] {
  const inside = [
    `stty rows ${cells(size.rows)} cols ${cells(size.columns)} 2>/dev/null`,
    `tty >${shellQuoted(terminalFile)}`,
    `exec ${command.map(shellQuoted).join(' ')}`,
  ];
  return [needProgram('script', 'a terminal (-t)'), '-q', '-e', '-f', '-c', inside.join('; '), '/dev/null'];
}

/** Changes the size of the terminal that a running container has; without one nothing happens. */
export async function resizeTerminal(terminalFile: string, size: TerminalSize): Promise<void> {
  const terminal = await terminalPath(terminalFile);
  if (terminal === undefined) return;
  const args = ['-F', terminal, 'rows', cells(size.rows), 'cols', cells(size.columns)];
  const { code, stderr } = await runProgram(needProgram('stty', 'resizing a terminal'), args);
  if (code !== 0) throw new WherryError('INTERNAL', `stty: ${stderr.trim()}`);
}

/** One word of a POSIX shell. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function cells(count: number): string {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_CHARACTERS) return String(count);
  throw new WherryError('INVALID_ARGUMENT', `terminal size ${count}: want 0 to ${MAX_CHARACTERS}`);
}

async function terminalPath(file: string): Promise<string | undefined> {
  try {
    const path = (await readFile(file, 'utf8')).trim();
    return path.startsWith('/dev/') ? path : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
