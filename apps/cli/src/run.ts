import { type Engine, type EngineOptions, type EnterNamespaceRequest, isWherryError } from '@wherry/core';
import { CommanderError } from 'commander';
import type { CommandContext, CommandSpec } from './command.ts';
import { commandTree } from './command-tree.ts';
import { complaintJson, complaintOf } from './complaint.ts';
import type { DockerCommand } from './docker-command.ts';
import { CommandError } from './errors.ts';
import { NO_CONTAINER_EXIT_CODE } from './exit-codes.ts';
import { FlagError, Flags } from './flags.ts';
import { type Io, ioWith } from './io.ts';
import { asksForJson, isJsonFormat, JSON_PROGRESS, progressOf } from './output/json-format.ts';
import { printable } from './output/printable.ts';
import { PROGRAM } from './program.ts';

export interface RunDeps {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Absent: nobody waits. */
  setGrace?(ms: number): void;
  openEngine(options: EngineOptions): Engine | Promise<Engine>;
  /**
   * Has the command go on where the containers of a store are; disposed at the end. Absent: it runs where it is.
   */
  enterNamespace?(request: Pick<EnterNamespaceRequest, 'env' | 'need' | 'root'>): Promise<AsyncDisposable>;
}

/** Runs one command line, `argv` without the program's name; returns the exit code. Never throws. */
export async function run(argv: readonly string[], deps: RunDeps): Promise<number> {
  let exitCode = 0;
  let chosen: Flags | undefined;
  const program = commandTree(argv, deps.io, async (spec, command) => {
    chosen = new Flags(command);
    exitCode = await runCommand(spec, command, globals, { ...deps, io: ioOf(globals, deps) });
  });
  const globals = new Flags(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help or the version was printed.
    if (error instanceof CommanderError) return 0;
    const isJson = chosen === undefined ? asksForJson(argv) : wantsJson(chosen, deps.io.env);
    return await report(error, isJson, ioOf(globals, deps));
  }
}

async function runCommand(
  spec: CommandSpec,
  command: DockerCommand,
  globals: Flags,
  deps: RunDeps,
): Promise<number> {
  const flags = new Flags(command);
  const isJson = wantsJson(flags, deps.io.env);
  await using _namespace = await enteredNamespace(spec, globals, deps);
  let engine: Promise<Engine> | undefined;
  const context: CommandContext = {
    io: deps.io,
    flags,
    globals,
    args: command.args,
    signal: deps.signal,
    setGrace: (ms) => deps.setGrace?.(ms),
    complain: (error, text) =>
      deps.io.stderr.write(isJson ? complaintJson(complaintOf(error)) : printable(`${text}\n`)),
    engine: () => {
      engine ??= Promise.resolve(deps.openEngine(engineOptions(globals, flags, deps.io)));
      return engine;
    },
  };
  try {
    const loaded = await spec.load();
    return await loaded.run(context);
  } catch (error) {
    throw error instanceof FlagError ? command.usageErrorOf(error) : error;
  } finally {
    await (await engine)?.close();
  }
}

/** Before anything else is done: what was done would be done twice. */
async function enteredNamespace(
  { namespace: need }: CommandSpec,
  globals: Flags,
  { io, enterNamespace }: RunDeps,
): Promise<AsyncDisposable | undefined> {
  if (need === undefined || enterNamespace === undefined) return undefined;
  const root = globals.string('root');
  try {
    return await enterNamespace({ env: io.env, need, ...(root !== undefined && { root }) });
  } catch (error) {
    if (!isWherryError(error)) throw error;
    throw new CommandError(`${PROGRAM}: ${error.message}`, {
      exitCode: NO_CONTAINER_EXIT_CODE,
      cause: error,
    });
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
  return globals.bool('debug') || DEBUG_LEVELS.includes(level)
    ? ioWith(io, { env: { ...io.env, WHERRY_DEBUG: '1' } })
    : io;
}

/** Tells the user what failed, in JSON where the output was to be JSON; returns the exit code. */
async function report(error: unknown, isJson: boolean, io: Io): Promise<number> {
  if (io.env.WHERRY_DEBUG) {
    const { inspect } = await import('node:util');
    io.stderr.write(`${inspect(error)}\n`);
  }
  const complaint = complaintOf(error);
  io.stderr.write(isJson ? complaintJson(complaint) : complaint.text);
  return complaint.exitCode;
}

function wantsJson(flags: Flags, env: Io['env']): boolean {
  if (flags.has('format') && isJsonFormat(flags.string('format'))) return true;
  return flags.has('progress') && progressOf(flags, env) === JSON_PROGRESS;
}
