import type { CommandSpec, GroupSpec } from '../command.ts';
import type { FlagSpec, ValueKind } from '../flags.ts';
import { COMMON_COMMANDS, GLOBAL_FLAGS, GROUPS, OTHER_COMMANDS } from '../program.ts';

/** What may stand where the cursor is. */
export interface Place {
  readonly wanted: 'command' | 'flag' | ValueKind | undefined;
  /** The commands that may be named. */
  readonly commands: readonly (CommandSpec | GroupSpec)[];
  readonly flags: readonly FlagSpec[];
  /** What stands in the same word before what is to be completed: `--format=`. */
  readonly before: string;
  /** What is there of it. */
  readonly typed: string;
  /** The global flags that take a value, and theirs. */
  readonly globals: ReadonlyMap<string, string>;
}

const HELP: FlagSpec = { name: 'help', short: 'h', type: 'bool', usage: 'Print usage' };

/** Reads a command line up to the word in which the cursor is; `current` is what stands of that before it. */
export function findPlace(words: readonly string[], current: string): Place {
  const reader = new Reader();
  for (const word of words) reader.read(word);
  return reader.placeOf(current);
}

class Reader {
  #commands: readonly (CommandSpec | GroupSpec)[] = [...COMMON_COMMANDS, ...GROUPS, ...OTHER_COMMANDS];
  #flags: readonly FlagSpec[] = [...GLOBAL_FLAGS, HELP];
  #command: CommandSpec | undefined;
  #operands = 0;
  /** The flag whose value the next word is. */
  #open: FlagSpec | undefined;
  #flagsEnded = false;
  /** A word that is no command: nobody knows what follows. */
  #isLost = false;
  readonly #globals = new Map<string, string>();

  read(word: string): void {
    if (this.#open !== undefined) {
      this.#keep(this.#open, word);
      this.#open = undefined;
    } else if (!this.#flagsEnded && word === '--') this.#flagsEnded = true;
    else if (!this.#flagsEnded && isFlag(word)) this.#readFlag(word);
    else if (this.#command !== undefined && !this.#isBelow(word)) this.#operands++;
    // `help` may stand anywhere before a command, and names no other ones.
    else if (word !== 'help') this.#choose(word);
  }

  placeOf(current: string): Place {
    const place = { before: '', typed: current, commands: this.#commands, flags: this.#flags };
    const found = (wanted: Place['wanted'], rest: Partial<Place> = {}): Place => ({
      ...place,
      wanted,
      globals: this.#globals,
      ...rest,
    });
    if (this.#isLost) return found(undefined);
    if (this.#open !== undefined) return found(this.#open.values);
    const [, before, typed = ''] = /^(--[^=]+=)(.*)$/s.exec(current) ?? [];
    if (before !== undefined && !this.#flagsEnded)
      return found(this.#find(before.slice(2, -1))?.values, { before, typed });
    if (current.startsWith('-') && !this.#flagsEnded) return found('flag');
    if (this.#command === undefined || (this.#commands.length > 0 && this.#operands === 0))
      return found('command');
    const { arity, operands = [] } = this.#command;
    if (arity.max !== undefined && this.#operands >= arity.max) return found(undefined);
    return found(operands[Math.min(this.#operands, operands.length - 1)]);
  }

  #readFlag(word: string): void {
    if (!word.startsWith('--')) {
      this.#open = this.#openShort(word.slice(1));
      return;
    }
    const [name = '', ...value] = word.slice(2).split('=');
    const flag = this.#find(name);
    if (flag === undefined) return;
    if (value.length > 0) this.#keep(flag, value.join('='));
    else if (takesNextWord(flag)) this.#open = flag;
  }

  /** The flag of the last letter, when nothing stands behind it and it takes a value. */
  #openShort(letters: string): FlagSpec | undefined {
    for (const [at, letter] of [...letters].entries()) {
      const flag = this.#flags.find(({ short }) => short === letter);
      if (flag !== undefined && takesNextWord(flag)) return at === letters.length - 1 ? flag : undefined;
    }
    return undefined;
  }

  #find(name: string): FlagSpec | undefined {
    return this.#flags.find((flag) => flag.name === name);
  }

  #keep(flag: FlagSpec, value: string): void {
    if (GLOBAL_FLAGS.includes(flag)) this.#globals.set(flag.name, value);
  }

  #choose(word: string): void {
    const found = this.#commands.find((each) => each.name === word || aliasesOf(each).includes(word));
    if (found === undefined) this.#isLost = true;
    else if ('commands' in found)
      [this.#command, this.#commands, this.#flags] = [undefined, found.commands, [HELP]];
    else [this.#command, this.#commands, this.#flags] = [found, found.below ?? [], [...found.flags, HELP]];
  }

  /** Tells whether a word names a group below the command. */
  #isBelow(word: string): boolean {
    return this.#operands === 0 && this.#commands.some(({ name }) => name === word);
  }
}

function aliasesOf(command: CommandSpec | GroupSpec): readonly string[] {
  return 'aliases' in command ? (command.aliases ?? []) : [];
}

/** A lone dash is none. */
function isFlag(word: string): boolean {
  return word.length > 1 && word.startsWith('-');
}

/** Others stand alone, or have their value behind `=`. */
function takesNextWord({ type, preset }: FlagSpec): boolean {
  return type !== 'bool' && preset === undefined;
}
