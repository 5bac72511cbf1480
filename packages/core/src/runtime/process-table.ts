import { WherryError } from '../errors.ts';
import { needProgram, runProgram } from './program.ts';

/** What `docker top` shows: the host's `ps`, only the container's processes. */
export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

const DEFAULT_ARGUMENTS = ['-ef'];

/** Lists processes by their IDs on the host. Throws `INVALID_ARGUMENT` for arguments that show no IDs. */
export async function processTable(
  ids: readonly number[],
  psArguments: readonly string[] = DEFAULT_ARGUMENTS,
): Promise<ProcessTable> {
  const { code, stdout, stderr } = await runProgram(needProgram('ps', 'top'), psArguments);
  if (code !== 0) throw new WherryError('INVALID_ARGUMENT', `Error running ps: ${stderr.trim()}`);
  return selectProcesses(stdout, ids);
}

/** As `processTable`, from what `ps` printed. */
export function selectProcesses(text: string, ids: readonly number[]): ProcessTable {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const titles = header.trim().split(/\s+/);
  const column = titles.indexOf('PID');
  if (column < 0) throw new WherryError('INVALID_ARGUMENT', "Couldn't find PID field in ps output");
  const processes = lines
    .map((line) => fieldsOf(line, titles.length))
    .filter((fields) => ids.includes(Number(fields[column])));
  return { titles, processes };
}

/** The last field, the command line, has spaces. */
function fieldsOf(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return words.length <= count ? words : [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}
