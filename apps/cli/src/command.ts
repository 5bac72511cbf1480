import type { Engine } from '@wherry/core';
import type { FlagSpec, Flags, ValueKind } from './flags.ts';
import type { Io } from './io.ts';

/** What a command gets to work with. */
export interface CommandContext {
  readonly io: Io;
  readonly flags: Flags;
  /** The global flags. */
  readonly globals: Flags;
  readonly args: readonly string[];
  /** Aborted by Ctrl-C and by termination. */
  readonly signal: AbortSignal;
  /** How long the command may take to put its work in order after such a signal; without a call, some seconds. */
  setGrace(ms: number): void;
  /** Tells of a failure that does not end the command: this text, or the error where errors are to be JSON. */
  complain(error: unknown, text: string): void;
  /** Opens the engine at the first call, with what the flags say; the caller of the command closes it. */
  engine(): Promise<Engine>;
}

/** A command's code: returns the exit code. */
export type Run = (context: CommandContext) => Promise<number>;

/** How many arguments a command takes; `max` absent: any number. */
export interface Arity {
  readonly min: number;
  readonly max?: number;
}

/** All that is known of a command before its code is loaded. */
export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line for lists of commands. */
  readonly summary: string;
  /** What the command's own help says instead of the summary. */
  readonly description?: string;
  /** What follows the command in the usage line. */
  readonly usage: string;
  readonly arity: Arity;
  /** What each argument is; further ones are what the last is. */
  readonly operands?: readonly ValueKind[];
  readonly flags: readonly FlagSpec[];
  /** The first argument ends the flags: what follows is a command line of its own. */
  readonly isWrapper?: boolean;
  /**
   * It works where an ordinary user's containers and unpacked layers are, a user namespace: it starts something
   * there, or looks after what is there, or may come to start something.
   */
  readonly namespace?: 'needed' | 'useful' | 'wanted';
  /** All full names of the command, for the help text, when there are several. */
  readonly alsoKnownAs?: readonly string[];
  /** Commands, and groups of them, below this one, which runs itself where none of them is named. */
  readonly below?: readonly (CommandSpec | GroupSpec)[];
  load(): Promise<{ readonly run: Run }>;
}

export interface GroupSpec {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandSpec[];
}

/** A command and all that are below it. */
export function withNested(spec: CommandSpec): readonly CommandSpec[] {
  return [spec, ...(spec.below ?? []).flatMap((each) => ('commands' in each ? each.commands : [each]))];
}
