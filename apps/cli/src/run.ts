import { type Engine, type EngineOptions, isWherryError, VERSION } from '@wherry/core';
import type { CommandContext, CommandSpec, GroupSpec } from './command.ts';
import { CommandError, describeSystemError } from './errors.ts';
import { BAD_FLAG_EXIT_CODE, EXIT_CODE_OF_KIND, FAILURE_EXIT_CODE } from './exit-codes.ts';
import { FlagError, type Flags, type ParsedArguments, parseFlags } from './flags.ts';
import type { Io } from './io.ts';
import { printable } from './output/printable.ts';
import { COMMON_COMMANDS, GLOBAL_FLAGS, GROUPS, OTHER_COMMANDS, PROGRAM } from './program.ts';

export interface RunDeps {
  readonly io: Io;
  readonly signal: AbortSignal;
  openEngine(options: EngineOptions): Engine | Promise<Engine>;
}

/** Runs one command line, `argv` without the program's name; returns the exit code. Never throws. */
export async function run(argv: readonly string[], deps: RunDeps): Promise<number> {
  let io = deps.io;
  try {
    const globals = parseGlobalFlags(argv);
    if (globals.flags.bool('debug')) io = withDebug(io);
    return await dispatch(globals, { ...deps, io });
  } catch (error) {
    return await report(error, io);
  }
}

function parseGlobalFlags(argv: readonly string[]): ParsedArguments {
  try {
    return parseFlags(GLOBAL_FLAGS, argv, { interspersed: false });
  } catch (error) {
    throw usageError(error, [PROGRAM], `${PROGRAM} [OPTIONS] COMMAND`);
  }
}

async function dispatch(globals: ParsedArguments, deps: RunDeps): Promise<number> {
  const { io } = deps;
  const [name, ...rest] = globals.args;
  if (globals.help !== undefined) return await printProgramHelp(io, globals.help);
  if (globals.flags.bool('version')) {
    io.stdout.write(`${PROGRAM} version ${VERSION}\n`);
    return 0;
  }
  if (name === undefined) {
    io.stderr.write((await import('./help.ts')).programHelp(helpColumns(io)));
    return 0;
  }
  if (name === 'help') return await printHelpTopic(rest, io);
  const group = GROUPS.find((candidate) => candidate.name === name);
  if (group !== undefined) return await runInGroup(group, rest, globals.flags, deps);
  const spec = findCommand([...COMMON_COMMANDS, ...OTHER_COMMANDS], name);
  if (spec !== undefined) return await runCommand([PROGRAM, name], spec, rest, globals.flags, deps);
  const help = helpFlag(rest);
  if (help !== undefined) return await printProgramHelp(io, help);
  throw new CommandError(
    `${PROGRAM}: unknown command: ${PROGRAM} ${name}\n\nRun '${PROGRAM} --help' for more information`,
  );
}

async function runInGroup(
  group: GroupSpec,
  argv: readonly string[],
  globals: Flags,
  deps: RunDeps,
): Promise<number> {
  const path = [PROGRAM, group.name];
  const parsed = parseCommandLine(path, `${path.join(' ')} COMMAND`, [], argv, false);
  const [name, ...rest] = parsed.args;
  if (name === 'help' && rest.length > 0) return await printHelpTopic([group.name, ...rest], deps.io);
  const spec = name === undefined ? undefined : findCommand(group.commands, name);
  if (spec !== undefined && name !== undefined && parsed.help === undefined)
    return await runCommand([...path, name], spec, rest, globals, deps);
  const help = parsed.help ?? helpFlag(rest);
  if (name === undefined || name === 'help' || help !== undefined) {
    const out = name === undefined && help === undefined ? deps.io.stderr : deps.io.stdout;
    out.write(deprecation(help) + (await import('./help.ts')).groupHelp(group));
    return 0;
  }
  const line = path.join(' ');
  throw new CommandError(
    `${PROGRAM}: unknown command: ${line} ${name}\n\nUsage:  ${line}\n\nRun '${line} --help' for more information`,
  );
}

async function runCommand(
  path: readonly string[],
  spec: CommandSpec,
  argv: readonly string[],
  globals: Flags,
  deps: RunDeps,
): Promise<number> {
  const usage = [...path, spec.usage].filter((part) => part !== '').join(' ');
  const parsed = parseCommandLine(path, usage, spec.flags, argv, true);
  if (parsed.help !== undefined) {
    const { commandHelp } = await import('./help.ts');
    deps.io.stdout.write(deprecation(parsed.help) + commandHelp(path, spec, helpColumns(deps.io)));
    return 0;
  }
  requireArity(path, usage, spec, parsed.args.length);
  let engine: Promise<Engine> | undefined;
  const context: CommandContext = {
    io: deps.io,
    flags: parsed.flags,
    globals,
    args: parsed.args,
    signal: deps.signal,
    engine: () => {
      engine ??= Promise.resolve(deps.openEngine(engineOptions(globals, parsed.flags, deps.io)));
      return engine;
    },
  };
  try {
    const command = await spec.load();
    return await command.run(context);
  } finally {
    await (await engine)?.close();
  }
}

/** `--config` is Docker's directory, or wherry's file: its name tells. */
function engineOptions(globals: Flags, flags: Flags, io: Io): EngineOptions {
  const root = globals.string('root');
  const config = globals.string('config');
  const jobs = flags.has('jobs') ? flags.int('jobs') : undefined;
  if (jobs !== undefined && jobs < 1) throw new CommandError(`--jobs is ${jobs}, want at least 1`);
  return {
    env: io.env,
    ...(root === undefined ? {} : { root }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(config === undefined
      ? {}
      : config.endsWith('.toml')
        ? { configFile: config }
        : { dockerConfigDir: config }),
  };
}

function parseCommandLine(
  path: readonly string[],
  usage: string,
  specs: CommandSpec['flags'],
  argv: readonly string[],
  interspersed: boolean,
): ParsedArguments {
  try {
    return parseFlags(specs, argv, { interspersed });
  } catch (error) {
    throw usageError(error, path, usage);
  }
}

function usageError(error: unknown, path: readonly string[], usage: string): unknown {
  if (!(error instanceof FlagError)) return error;
  const text = `${error.message}\n\nUsage:  ${usage}\n\nRun '${path.join(' ')} --help' for more information`;
  return new CommandError(text, { exitCode: BAD_FLAG_EXIT_CODE });
}

function requireArity(path: readonly string[], usage: string, { arity }: CommandSpec, count: number): void {
  const { min, max = Number.POSITIVE_INFINITY } = arity;
  if (count >= min && count <= max) return;
  const line = path.join(' ');
  const plural = (n: number) => `${n} argument${n === 1 ? '' : 's'}`;
  const [wanted, pointer] =
    max === 0
      ? ['accepts no arguments', 'Run']
      : min === max
        ? [`requires ${plural(min)}`, 'Run']
        : count < min
          ? [`requires at least ${plural(min)}`, 'See']
          : [`requires at most ${plural(max)}`, 'Run'];
  throw new CommandError(
    `${PROGRAM}: '${line}' ${wanted}\n\nUsage:  ${usage}\n\n${pointer} '${line} --help' for more information`,
  );
}

function findCommand(commands: readonly CommandSpec[], name: string): CommandSpec | undefined {
  return commands.find((spec) => spec.name === name || spec.aliases?.includes(name));
}

async function printProgramHelp(io: Io, help: '--help' | '-h'): Promise<number> {
  io.stdout.write(deprecation(help) + (await import('./help.ts')).programHelp(helpColumns(io)));
  return 0;
}

async function printHelpTopic(topic: readonly string[], io: Io): Promise<number> {
  const { commandHelp, groupHelp, programHelp } = await import('./help.ts');
  const [first, second] = topic;
  const group = GROUPS.find((candidate) => candidate.name === first);
  if (first === undefined) io.stdout.write(programHelp(helpColumns(io)));
  else if (group !== undefined && second === undefined) io.stdout.write(groupHelp(group));
  else {
    const commands = group?.commands ?? [...COMMON_COMMANDS, ...OTHER_COMMANDS];
    const name = group === undefined ? first : (second ?? '');
    const spec = findCommand(commands, name);
    if (spec === undefined) throw new CommandError(`unknown help topic: ${topic.join(' ')}`);
    const path = group === undefined ? [PROGRAM, name] : [PROGRAM, group.name, name];
    io.stdout.write(commandHelp(path, spec, helpColumns(io)));
  }
  return 0;
}

function helpFlag(argv: readonly string[]): '--help' | '-h' | undefined {
  return argv.includes('--help') ? '--help' : argv.includes('-h') ? '-h' : undefined;
}

function deprecation(help: '--help' | '-h' | undefined): string {
  return help === '-h' ? 'Flag shorthand -h has been deprecated, use --help\n' : '';
}

function helpColumns(io: Io): number | undefined {
  return io.stdout.isTTY ? io.stdout.columns : undefined;
}

function withDebug(io: Io): Io {
  const env = { ...io.env, WHERRY_DEBUG: '1' };
  return {
    env,
    now: () => io.now(),
    get stdin() {
      return io.stdin;
    },
    get stdout() {
      return io.stdout;
    },
    get stderr() {
      return io.stderr;
    },
  };
}

/** Tells the user what failed; returns the exit code. */
async function report(error: unknown, io: Io): Promise<number> {
  if (io.env.WHERRY_DEBUG) {
    const { inspect } = await import('node:util');
    io.stderr.write(`${inspect(error)}\n`);
  }
  if (error instanceof CommandError) {
    const hint = isWherryError(error.cause) ? error.cause.hint : undefined;
    io.stderr.write(printable(`${error.message}\n${hint === undefined ? '' : `${hint}\n`}`));
    return error.exitCode;
  }
  const systemError = describeSystemError(error);
  if (systemError !== undefined) {
    io.stderr.write(printable(`Error: ${systemError}\n`));
    return FAILURE_EXIT_CODE;
  }
  if (!isWherryError(error)) {
    io.stderr.write(
      `${PROGRAM}: internal error: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    io.stderr.write('Set WHERRY_DEBUG=1 to see where it comes from.\n');
    return FAILURE_EXIT_CODE;
  }
  if (error.kind !== 'cancelled') {
    io.stderr.write(printable(`Error: ${error.message}\n`));
    if (error.hint !== undefined) io.stderr.write(printable(`${error.hint}\n`));
  }
  return EXIT_CODE_OF_KIND[error.kind];
}
