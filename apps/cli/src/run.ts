import { type Engine, type EngineOptions, isWherryError } from '@wherry/core';
import { type Command, CommanderError } from 'commander';
import type { CommandContext, CommandSpec } from './command.ts';
import { commandTree } from './command-tree.ts';
import { CommandError, describeSystemError } from './errors.ts';
import { EXIT_CODE_OF_KIND, FAILURE_EXIT_CODE } from './exit-codes.ts';
import { Flags } from './flags.ts';
import type { Io } from './io.ts';
import { printable } from './output/printable.ts';
import { PROGRAM } from './program.ts';

export interface RunDeps {
  readonly io: Io;
  readonly signal: AbortSignal;
  openEngine(options: EngineOptions): Engine | Promise<Engine>;
}

/** Runs one command line, `argv` without the program's name; returns the exit code. Never throws. */
export async function run(argv: readonly string[], deps: RunDeps): Promise<number> {
  let exitCode = 0;
  const program = commandTree(deps.io, async (spec, command) => {
    exitCode = await runCommand(spec, command, globals, { ...deps, io: ioOf(globals, deps) });
  });
  const globals = new Flags(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help or the version was printed.
    if (error instanceof CommanderError) return 0;
    return await report(error, ioOf(globals, deps));
  }
}

async function runCommand(
  spec: CommandSpec,
  command: Command,
  globals: Flags,
  deps: RunDeps,
): Promise<number> {
  const flags = new Flags(command);
  let engine: Promise<Engine> | undefined;
  const context: CommandContext = {
    io: deps.io,
    flags,
    globals,
    args: command.args,
    signal: deps.signal,
    engine: () => {
      engine ??= Promise.resolve(deps.openEngine(engineOptions(globals, flags, deps.io)));
      return engine;
    },
  };
  try {
    const loaded = await spec.load();
    return await loaded.run(context);
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

/** As Docker's client, which logs nothing of what images need at the other levels. */
const DEBUG_LEVELS: readonly string[] = ['debug', 'trace'];

function ioOf(globals: Flags, { io }: RunDeps): Io {
  const level = globals.string('log-level')?.toLowerCase() ?? '';
  return globals.bool('debug') || DEBUG_LEVELS.includes(level) ? withDebug(io) : io;
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
