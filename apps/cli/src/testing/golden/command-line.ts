import type { CommandSpec } from '../../command.ts';
import { COMMON_COMMANDS, GROUPS, OTHER_COMMANDS } from '../../program.ts';
import type { GoldenCase } from './cases.ts';

/** A command line as wherry reads it; `spec` absent: no command of wherry's. */
export interface CommandLine {
  readonly spec?: CommandSpec;
  /** What follows the command. */
  readonly rest: readonly string[];
}

export function commandLine(argv: readonly string[]): CommandLine {
  // The one global option that the recordings use.
  const args = argv[0] === '--config' ? argv.slice(2) : argv[0] === 'help' ? argv.slice(1) : argv;
  const group = GROUPS.find(({ name }) => name === args[0]);
  const commands = group?.commands ?? [...COMMON_COMMANDS, ...OTHER_COMMANDS];
  const [name, ...rest] = group === undefined ? args : args.slice(1);
  const spec = commands.find((command) => command.name === name || command.aliases?.includes(name ?? ''));
  return spec === undefined ? { rest } : { spec, rest };
}

/** A command line that Docker refuses before it does anything. */
export function isUsageError({ exit, stderr, tty }: GoldenCase): boolean {
  const text = stderr?.join('\n') ?? '';
  return tty === undefined && exit !== 0 && text.includes('\nUsage:  ') && !text.includes('filter');
}

/** Whether all that a command line does is print a help text; what follows a wrapper's image is not for it. */
export function asksForHelp({ spec, rest }: CommandLine): boolean {
  return spec?.isWrapper ? rest[0] === '--help' : rest.includes('--help');
}
