import { VERSION } from '@wherry/core';
import { type Command, CommanderError, type ParseOptionsResult } from 'commander';
import type { CommandSpec, GroupSpec } from './command.ts';
import { DockerCommand } from './docker-command.ts';
import { CommandError } from './errors.ts';
import { BAD_FLAG_EXIT_CODE } from './exit-codes.ts';
import { Flags } from './flags.ts';
import type { Io } from './io.ts';
import {
  COMMON_COMMANDS,
  DAEMON_FLAGS,
  GLOBAL_FLAGS,
  GROUPS,
  OTHER_COMMANDS,
  PROGRAM,
  PROGRAM_SUMMARY,
} from './program.ts';

const DEFAULT_COLUMNS = 80;
/** sirupsen/logrus, `ParseLevel`. */
const LOG_LEVELS = new Set(['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace']);

/** What is done when the user has chosen a command, and its flags and arguments have been read. */
export type Execute = (spec: CommandSpec, command: DockerCommand) => Promise<void>;

class Program extends DockerCommand {
  override parseOptions(argv: string[]): ParseOptionsResult {
    const parsed = super.parseOptions(argv);
    const flags = new Flags(this);
    const refused = DAEMON_FLAGS.find(({ name }) => flags.changed(name));
    if (refused !== undefined)
      throw new CommandError(`${PROGRAM} has no daemon to connect to: leave out --${refused.name}`, {
        exitCode: BAD_FLAG_EXIT_CODE,
      });
    const level = flags.string('log-level') ?? '';
    if (level !== '' && !LOG_LEVELS.has(level.toLowerCase()))
      throw new CommandError(`Unable to parse logging level: ${level}`);
    if (!flags.bool('version')) return parsed;
    this.configureOutput().writeOut?.(`${PROGRAM} version ${VERSION}\n`);
    throw new CommanderError(0, 'commander.version', VERSION);
  }
}

/**
 * Makes commander's tree of the commands that `argv` can mean. Parsing throws `CommandError` when it refuses the
 * command line, and `CommanderError` when help or the version was printed instead of running a command.
 */
export function commandTree(argv: readonly string[], io: Io, execute: Execute): Command {
  const columns = () => (io.stdout.isTTY ? io.stdout.columns : undefined) ?? DEFAULT_COLUMNS;
  const [name, ...rest] = commandWords(argv);
  const program = new Program(PROGRAM)
    .usage(`${PROGRAM} [OPTIONS] COMMAND`)
    .description(PROGRAM_SUMMARY)
    .optionsGroup('Global Options:')
    .takeFlags(name === undefined ? [...GLOBAL_FLAGS, ...DAEMON_FLAGS] : GLOBAL_FLAGS)
    .helpOption(false)
    .showSuggestionAfterError(false)
    .enablePositionalOptions()
    .passThroughOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: columns,
      getErrHelpWidth: columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const isMeant = namedBy(name, [...COMMON_COMMANDS, ...GROUPS, ...OTHER_COMMANDS]) ?? all;
  addCommands(program.commandsGroup('Common Commands:'), COMMON_COMMANDS.filter(isMeant), execute);
  program.commandsGroup('Management Commands:');
  for (const group of GROUPS.filter(isMeant)) addGroup(program, group, rest[0], execute);
  addCommands(program.commandsGroup('Commands:'), OTHER_COMMANDS.filter(isMeant), execute);
  if (isMeant === all) addHelpCommand(program);
  return program;
}

/** The words from the command's name on; none where a flag before it is none of ours, or not plainly written. */
function commandWords(argv: readonly string[]): readonly string[] {
  for (let at = 0; at < argv.length; at++) {
    const [word = '', ...value] = argv[at]?.split('=', 2) ?? [];
    if (!word.startsWith('-')) return argv.slice(at);
    const flag = GLOBAL_FLAGS.find(({ name }) => word === `--${name}`);
    if (flag === undefined) return [];
    if (flag.type !== 'bool' && value.length === 0) at++;
  }
  return [];
}

type Meant = (spec: CommandSpec | GroupSpec) => boolean;

const all: Meant = () => true;

/**
 * The command that a word names where a command's name stands; `undefined`: it names none of them, and all are to be
 * made. An object of commander's for each would be a tenth of a start.
 */
function namedBy(
  word: string | undefined,
  commands: readonly (CommandSpec | GroupSpec)[],
): Meant | undefined {
  const isNamed: Meant = (spec) =>
    spec.name === word || ('aliases' in spec && spec.aliases?.includes(word ?? '') === true);
  return commands.some(isNamed) ? isNamed : undefined;
}

function addGroup(parent: DockerCommand, spec: GroupSpec, word: string | undefined, execute: Execute): void {
  const group = parent.command(spec.name).summary(spec.summary).description(spec.summary);
  group.usage(`${group.path} COMMAND`).enablePositionalOptions().passThroughOptions();
  group.whenChosen(() => {
    group.takeFlags([]);
    const isMeant = namedBy(word, spec.commands) ?? all;
    addCommands(group, spec.commands.filter(isMeant), execute);
    if (isMeant === all) addHelpCommand(group);
  });
}

function addCommands(parent: DockerCommand, specs: readonly CommandSpec[], execute: Execute): void {
  for (const spec of specs) {
    const command = parent.command(spec.name).aliases(spec.aliases ?? []);
    command.summary(spec.summary).description(spec.description ?? spec.summary);
    command.usage(`${command.path} ${spec.usage}`.trimEnd());
    command.alsoKnownAs = spec.alsoKnownAs ?? [];
    if (spec.isWrapper) command.wrap();
    const { below = [] } = spec;
    if (below.length > 0) command.enablePositionalOptions();
    if (below.some((each) => !('load' in each))) command.passThroughOptions();
    command.whenChosen(() => {
      command.takeFlags(spec.flags).takeArguments(spec.arity);
      for (const each of below)
        if ('commands' in each) addGroup(command, each, undefined, execute);
        else addCommands(command, [each], execute);
    });
    command.action(() => execute(spec, command));
  }
}

/** `help`, which no list shows: it explains what the words after it name. */
function addHelpCommand(parent: DockerCommand): void {
  const help = parent.command('help', { hidden: true }).description('Help about the command');
  help.usage(`${help.path} [COMMAND]`);
  help.whenChosen(() => help.takeFlags([]).takeArguments({ min: 0 }));
  help.action(() => {
    let topic: DockerCommand | undefined = parent;
    for (const name of help.args) topic = topic?.find(name);
    if (topic === undefined) throw new CommandError(`unknown help topic: ${help.args.join(' ')}`);
    topic.help();
  });
}
