import { WherryError } from '../errors.ts';

/** Exit codes of `docker run` for a container that did not start. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const FAILED = 125;

const SIGKILLED = 137;

/** Reads a runtime's log of JSON lines: the last error in it. Other lines are passed over. */
export function lastRuntimeError(log: string): string | undefined {
  return log
    .split('\n')
    .reverse()
    .map(errorMessage)
    .find((message) => message !== undefined);
}

/** The exit code that Docker gives to a failure to start. */
export function startExitCode(message: string): number {
  if (/executable file .*not found|no such file or directory/i.test(message)) return NOT_FOUND;
  if (/permission denied|is a directory|not a directory/i.test(message)) return NOT_EXECUTABLE;
  return FAILED;
}

/**
 * A failure to start, in Docker's words; `details.exitCode` is what `run` ends with. `said` is the runtime's
 * own message.
 */
export function startError(runtime: string, said: string): WherryError {
  const message = said
    .replace(/^runc run failed: /, 'runc create failed: ')
    // crun quotes and names the error number's text as well.
    .replace(
      /executable file [`'"](.+?)['"`] not found in \$PATH.*/s,
      'exec: "$1": executable file not found in $PATH',
    );
  const text = `failed to create shim task: OCI runtime create failed: ${message}: unknown`;
  return failure(runtime, text, said);
}

/** A failure to run one more process, in Docker's words; `details.exitCode` is what `exec` ends with. */
export function execError(runtime: string, said: string): WherryError {
  return failure(runtime, `OCI runtime exec failed: ${said}: unknown`, said, NOT_EXECUTABLE);
}

/** How a runtime ended that said nothing; `code` as a shell has it, `undefined` where nobody noted it. */
export function endText(runtime: string, code: number | undefined): string {
  if (code === SIGKILLED) return `${runtime} was killed`;
  return `${runtime} ended with exit code ${code ?? 'unknown'}`;
}

/** `otherwise`: the exit code of what is not known better. */
function failure(runtime: string, message: string, said: string, otherwise = FAILED): WherryError {
  const exitCode = startExitCode(said);
  if (/flag provided but not defined|unrecognized option|unknown flag/i.test(said))
    return new WherryError('UNSUPPORTED', `${runtime} is too old: ${firstLine(said)}`, {
      hint: 'runc 1.0, crun 1.0, youki 0.1 or newer runs containers',
      details: { exitCode: FAILED },
    });
  const code =
    exitCode === NOT_FOUND
      ? 'FILE_NOT_FOUND'
      : exitCode === NOT_EXECUTABLE
        ? 'PERMISSION_DENIED'
        : 'INTERNAL';
  return new WherryError(code, message, {
    details: { exitCode: exitCode === FAILED ? otherwise : exitCode },
  });
}

function errorMessage(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return level === 'error' && typeof msg === 'string' ? msg : undefined;
  } catch (error) {
    // The last line of a runtime that was killed.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}
