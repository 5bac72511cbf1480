import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';

/** Tells whether a format makes JSON, one object a line: `json`, or the template that says the same. */
export function isJsonFormat(format: string | undefined): boolean {
  return format === 'json' || (format !== undefined && /^ *\{\{ *json +\. *\}\} *$/.test(format));
}

/** What `--progress` of `build` is when all that it prints is JSON. */
export const JSON_PROGRESS = 'rawjson';

/** What shall be shown of a build: what the flag says, else BuildKit's variable. */
export function progressOf(flags: Flags, env: Io['env']): string {
  const fromEnv = flags.changed('progress') ? undefined : env.BUILDKIT_PROGRESS;
  return fromEnv || (flags.string('progress') ?? '');
}

/**
 * Tells whether a command line that could not be read asks for JSON. What its flags mean is unknown, so the
 * spellings are looked for that can hardly mean anything else.
 */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).some((word, at) => {
    if (word === '--format' || word === '-f') return isJsonFormat(argv[at + 1]);
    if (word === '--progress') return argv[at + 1] === JSON_PROGRESS;
    if (word === `--progress=${JSON_PROGRESS}`) return true;
    const value = /^(?:--format=|-f=?)(.*)$/s.exec(word)?.[1];
    return isJsonFormat(value);
  });
}
