import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { ContainerPaths } from './container-directory.ts';
import { execDirectoryPrefix } from './exec-directory.ts';
import type { LogStream } from './monitor/log-writer.ts';
import type { OutputSink } from './monitor/monitor.ts';
import { resizeTerminal, type TerminalSize, terminalCommand } from './monitor/terminal.ts';
import { programEnv } from './program.ts';
import { readIfThere } from './read-if-there.ts';
import type { Runtime } from './runtime.ts';
import { endText, execError, lastRuntimeError } from './runtime-errors.ts';
import type { SpecProcess } from './spec/runtime-spec.ts';

/** What is run where. */
export interface ExecTarget {
  readonly runtime: Runtime;
  readonly id: string;
  readonly paths: ContainerPaths;
  readonly process: SpecProcess;
}

export interface ExecOptions extends ExecTarget {
  readonly sink: OutputSink;
  /** Absent: the process has no input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** For a process with a terminal. */
  readonly size?: TerminalSize;
}

/** One more process in a running container. */
export interface ExecSession {
  /**
   * The exit code; `undefined`: it was detached from. Throws a failure to start in Docker's words, with `exec`'s exit
   * code in `details`.
   */
  readonly exitCode: Promise<number | undefined>;
  /** Of the process on the host; 0 until it has started. */
  pid(): number;
  resize(size: TerminalSize): Promise<void>;
  /** Leaves the process running; nobody sees what it prints from then on. */
  detach(): void;
}

const DEFAULT_SIZE: TerminalSize = { rows: 24, columns: 80 };
const SIGKILLED = 137;

/** The process of an `exec`: the container's own, with what `exec` changes. */
export function execProcess(
  container: SpecProcess,
  changes: Partial<Pick<SpecProcess, 'args' | 'env' | 'cwd' | 'user' | 'terminal' | 'capabilities'>>,
): SpecProcess {
  const { consoleSize: _, ...own } = container;
  return { ...own, terminal: false, ...changes };
}

/** Runs a process in a container that runs, and streams what it prints. */
export async function execInContainer(options: ExecOptions): Promise<ExecSession> {
  const { command, directory, files, terminal } = await prepareExec(options, options.size);
  try {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      stdio: [options.stdin || options.process.terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: execEnv(),
    });
    let isDetached = false;
    const watch = async () => {
      try {
        return await finish(child, options, files);
      } finally {
        if (!isDetached) await rm(directory, { recursive: true, force: true });
      }
    };
    const left = Promise.withResolvers<undefined>();
    const detach = () => {
      isDetached = true;
      leave(child, directory);
      left.resolve(undefined);
    };
    const exitCode = Promise.race([watch(), left.promise]);
    let started = 0;
    const pid = () => {
      started ||= Number(readIfThere(files.pidFile) ?? 0);
      return started;
    };
    return { exitCode, pid, resize: (size) => resizeTerminal(terminal, size), detach };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** What one more process needs, all in a directory of its own, which is the caller's to remove. */
export interface PreparedExec {
  readonly directory: string;
  readonly files: { readonly pidFile: string; readonly logFile: string };
  /** The file with the path of its terminal. */
  readonly terminal: string;
  readonly command: readonly string[];
}

/** Writes the process down for the runtime. `detach`: the runtime's command ends when the process has started. */
export async function prepareExec(
  { id, paths, process, runtime }: ExecTarget,
  size: TerminalSize = DEFAULT_SIZE,
  { detach = false }: { readonly detach?: boolean } = {},
): Promise<PreparedExec> {
  const directory = await mkdtemp(execDirectoryPrefix(paths.directory));
  const files = {
    processFile: join(directory, 'process.json'),
    pidFile: join(directory, 'pid'),
    logFile: join(directory, 'runtime.log'),
  };
  const terminal = join(directory, 'terminal');
  try {
    const consoleSize = process.terminal && { consoleSize: { height: size.rows, width: size.columns } };
    await writeFile(files.processFile, JSON.stringify({ ...process, ...consoleSize }), { mode: 0o600 });
    const command = runtime.execCommand({ id, ...files, ...(detach && { detach }) });
    const whole = process.terminal ? terminalCommand(command, size, terminal) : command;
    return { directory, files, terminal, command: whole };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** `script` runs its command with the shell that this names. */
export function execEnv(): NodeJS.ProcessEnv {
  return { ...programEnv(), SHELL: '/bin/sh' };
}

/** Takes the other ends of the process's pipes from us: its output to nowhere, and its input without an end. */
const KEEPER = 'cat >/dev/null; rm -rf "$1"';

function leave(child: ChildProcess, directory: string): void {
  const { stdin, stdout, stderr } = child;
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'sh', directory], {
    stdio: [stdout ?? 'ignore', 'ignore', 'ignore', stdin ?? 'ignore', stderr ?? 'ignore'],
    env: execEnv(),
    detached: true,
  });
  keeper.unref();
  child.unref();
  for (const stream of [stdin, stdout, stderr]) stream?.destroy();
}

async function finish(
  child: ChildProcess,
  options: ExecOptions,
  files: { readonly pidFile: string; readonly logFile: string },
): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? SIGKILLED));
  });
  // What the runtime itself says of a failure is no output of the process.
  const errors: Uint8Array[] = [];
  const isStarted = () => readIfThere(files.pidFile) !== undefined;
  const sink: OutputSink = async (stream, chunk) => {
    if (stream === 'stderr' && !isStarted()) errors.push(chunk);
    else {
      for (const early of errors.splice(0)) await options.sink('stderr', early);
      await options.sink(stream, chunk);
    }
  };
  // Input that breaks off is input that ends.
  feed(child.stdin, options.stdin).catch(() => child.stdin?.destroy());
  const pumps = [pump(child.stdout, 'stdout', sink), pump(child.stderr, 'stderr', sink)];
  const [code] = await Promise.all([ended, ...pumps]);
  const said = lastRuntimeError(readIfThere(files.logFile) ?? '');
  if (!isStarted()) {
    const text = said ?? Buffer.concat(errors).toString('utf8').trim();
    throw execError(options.runtime.name, text || endText(options.runtime.name, code));
  }
  for (const early of errors) await options.sink('stderr', early);
  return code;
}

async function pump(stream: Readable | null, name: LogStream, sink: OutputSink): Promise<void> {
  if (stream) for await (const chunk of stream) await sink(name, chunk as Buffer);
}

async function feed(input: Writable | null, source: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (input === null || source === undefined) return;
  // The process may end before its input does.
  input.on('error', () => undefined);
  for await (const chunk of source) {
    if (input.destroyed) return;
    if (!input.write(chunk)) await roomIn(input);
  }
  if (!input.destroyed) input.end();
}

async function roomIn(input: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      input.off('drain', done).off('close', done);
      resolve();
    };
    input.on('drain', done).on('close', done);
  });
}
