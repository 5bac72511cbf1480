import { Command, type ErrorOptions, type ParseOptionsResult } from 'commander';
import type { Arity } from './command.ts';
import { UsageError } from './errors.ts';
import { BAD_FLAG_EXIT_CODE } from './exit-codes.ts';
import { FlagError, FlagOption, type FlagSpec } from './flags.ts';
import { DockerHelp } from './help.ts';
import { respell } from './pflag-spelling.ts';
import { PROGRAM } from './program.ts';

const HELP: FlagSpec = { name: 'help', short: 'h', type: 'bool', usage: 'Print usage', hidden: true };

/** A command of commander's that reads its flags, explains itself and complains as Docker's commands do. */
export class DockerCommand extends Command {
  /** All full names of the command, for the help text, when there are several. */
  alsoKnownAs: readonly string[] = [];
  #define: (() => void) | undefined;
  #isWrapper = false;

  override createCommand(name?: string): DockerCommand {
    return new DockerCommand(name);
  }

  override createHelp(): DockerHelp {
    return new DockerHelp();
  }

  /** The names that lead to the command, the program's first. */
  get path(): string {
    return this.parent instanceof DockerCommand ? `${this.parent.path} ${this.name()}` : this.name();
  }

  /** Puts off what only the chosen command needs: each start would pay for the options and commands of all. */
  whenChosen(define: () => void): this {
    this.#define = define;
    return this;
  }

  /** Lets the first argument end the flags: what follows is a command line of its own. */
  wrap(): this {
    this.#isWrapper = true;
    return this.passThroughOptions();
  }

  /** The command of this name or alias below this one, if there is one. */
  find(name: string): DockerCommand | undefined {
    this.#complete();
    return this.commands
      .filter((each) => each instanceof DockerCommand)
      .find((each) => each.name() === name || each.aliases().includes(name));
  }

  /** Adds the flags, and those that ask for help, which every command has. */
  takeFlags(flags: readonly FlagSpec[]): this {
    // `-h` of `run` is the host's name.
    const { short: _, ...longHelp } = HELP;
    const help = flags.some(({ short }) => short === HELP.short) ? longHelp : HELP;
    for (const flag of [...flags, help]) this.addOption(new FlagOption(flag));
    return this;
  }

  takeArguments({ min, max }: Arity): this {
    for (let count = 1; count <= (max ?? min); count++)
      this.argument(count <= min ? '<argument>' : '[argument]');
    return max === undefined ? this.argument('[argument...]') : this;
  }

  /** Reads the command's flags; prints the help text and ends if they ask for it. */
  override parseOptions(argv: string[]): ParseOptionsResult {
    this.#complete();
    const { words, fault } = respell(this.options, argv, this.commands.length === 0 && !this.#isWrapper);
    try {
      const parsed = super.parseOptions(words);
      if (fault !== undefined) throw new FlagError(fault);
      if (this.getOptionValue('help') === true) this.#explain(words.includes('-htrue'));
      return parsed;
    } catch (error) {
      throw error instanceof FlagError ? this.usageErrorOf(error) : error;
    }
  }

  /** A value that does not fit its flag, with how the command line would be right. */
  usageErrorOf({ message }: FlagError): UsageError {
    const pointer = this.#pointer('Run');
    return new UsageError(message, { usage: this.usage(), pointer, exitCode: BAD_FLAG_EXIT_CODE });
  }

  override helpInformation(context?: { readonly error: boolean }): string {
    this.#complete();
    return super.helpInformation(context);
  }

  /** Puts commander's complaints into Docker's words. */
  override error(message: string, { code }: ErrorOptions = {}): never {
    if (code === 'commander.unknownCommand') return this.#refuseCommand();
    if (code === 'commander.missingArgument' || code === 'commander.excessArguments')
      throw this.#arityError();
    throw new Error(message);
  }

  #complete(): void {
    this.#define?.();
    this.#define = undefined;
  }

  #explain(isByShorthand: boolean): never {
    if (isByShorthand) this.addHelpText('before', 'Flag shorthand -h has been deprecated, use --help');
    return this.help();
  }

  #refuseCommand(): never {
    const [name, ...rest] = this.args;
    if (rest.includes('--help') || rest.includes('-h')) this.#explain(!rest.includes('--help'));
    throw new UsageError(`${PROGRAM}: unknown command: ${this.path} ${name}`, {
      usage: this.parent === null ? undefined : this.path,
      pointer: this.#pointer('Run'),
    });
  }

  #arityError(): UsageError {
    const min = this.registeredArguments.filter(({ required }) => required).length;
    const isOpen = this.registeredArguments.at(-1)?.variadic === true;
    const max = isOpen ? Number.POSITIVE_INFINITY : this.registeredArguments.length;
    const plural = (count: number) => `${count} argument${count === 1 ? '' : 's'}`;
    const [wanted, verb] =
      max === 0
        ? ['accepts no arguments', 'Run']
        : min === max
          ? [`requires ${plural(min)}`, 'Run']
          : min > 0 && !isOpen
            ? [`requires at least ${min} and at most ${plural(max)}`, 'Run']
            : this.args.length < min
              ? [`requires at least ${plural(min)}`, 'See']
              : [`requires at most ${plural(max)}`, 'Run'];
    return new UsageError(`${PROGRAM}: '${this.path}' ${wanted}`, {
      usage: this.usage(),
      pointer: this.#pointer(verb),
    });
  }

  #pointer(verb: string): string {
    return `${verb} '${this.path} --help' for more information`;
  }
}
