import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopChild } from '../bench/peers.ts';
import { memoryPlace } from './memory-place.ts';

/** The program as a user gets it: the built one, or the one that `WHERRY_E2E_PROGRAM` names. */
export const WHERRY =
  process.env.WHERRY_E2E_PROGRAM ?? fileURLToPath(new URL('../apps/cli/dist/wherry.js', import.meta.url));

export interface Result {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Sent to its standard input. */
  readonly input?: Uint8Array | string;
  readonly uid?: number;
  /** Kills it when it takes longer. */
  readonly timeoutMs?: number;
}

/** A place of its own for one test file: a store, archives, configuration. */
export class Sandbox implements Disposable {
  #count = 0;
  readonly path: string;
  readonly root: string;

  /** `inMemory`: the test asks nothing of the disk, and needs none where there is memory enough. */
  constructor({ inMemory = false }: { readonly inMemory?: boolean } = {}) {
    this.path = mkdtempSync(join(inMemory ? memoryPlace() : tmpdir(), 'wherry-e2e-'));
    this.root = this.directory('root');
  }

  /** A fresh directory. */
  directory(name: string): string {
    const path = join(this.path, `${name}-${this.#count++}`);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A path that nothing is at. */
  file(name: string): string {
    return join(this.directory('files'), name);
  }

  /** What every program of the test runs with: nothing of the machine's configuration. */
  get environment(): NodeJS.ProcessEnv {
    const { NODE_EXTRA_CA_CERTS: _, CI: __, ...env } = process.env;
    return { ...env, WHERRY_ROOT: this.root, DOCKER_CONFIG: join(this.path, 'docker'), HOME: this.path };
  }

  /** Runs wherry and gives what it said, whatever its exit code. */
  try(...args: string[]): Promise<Result> {
    return this.tryWith({}, ...args);
  }

  tryWith(options: RunOptions, ...args: string[]): Promise<Result> {
    const env = { ...this.environment, ...options.env };
    return tryRun({ ...options, env }, process.execPath, WHERRY, ...args);
  }

  /** Runs wherry; fails with what it said when it fails. */
  async wherry(...args: string[]): Promise<string> {
    return orFail(`wherry ${args.join(' ')}`, await this.try(...args));
  }

  /** The same on another store. */
  at(root: string, ...args: string[]): Promise<string> {
    return this.wherry('--root', root, ...args);
  }

  /** Starts wherry in the background. */
  start(...args: string[]): RunningProgram {
    return new RunningProgram(
      spawn(process.execPath, [WHERRY, ...args], {
        env: this.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A program in the background and what it has said so far. */
export class RunningProgram {
  readonly child: ChildProcess;
  readonly result: Promise<Result>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.result = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) =>
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr }),
      );
    });
    // Whoever asks for the result hears of the error; whoever does not must not fall over it.
    this.result.catch(() => undefined);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Result> {
    this.child.kill(signal);
    return this.result;
  }
}

/** Runs any program and gives what it said, whatever its exit code. */
export function tryRun(options: RunOptions, command: string, ...args: string[]): Promise<Result> {
  const { input, timeoutMs = 170_000, ...rest } = options;
  const child = spawn(command, args, {
    ...rest,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  // A program that stops reading tells so by how it ends.
  child.stdin?.on('error', () => undefined).end(input);
  return new RunningProgram(child).result;
}

/** Runs any program; fails with what it said when it fails. */
export async function run(command: string, ...args: string[]): Promise<string> {
  return orFail([command, ...args].join(' '), await tryRun({}, command, ...args));
}

/** The same with an environment or an input of its own. */
export async function runWith(options: RunOptions, command: string, ...args: string[]): Promise<string> {
  return orFail([command, ...args].join(' '), await tryRun(options, command, ...args));
}

function orFail(what: string, { status, signal, stdout, stderr }: Result): string {
  if (status !== 0) throw new Error(`${what}: exit ${status ?? signal}\n${stdout}${stderr}`);
  return stdout;
}

/** `wherry serve` on a free port, with more flags behind it. */
export async function startService(
  sandbox: Sandbox,
  root: string,
  ...flags: string[]
): Promise<{ address: string; stop(): Promise<void>; child: ChildProcess }> {
  const program = sandbox.start('--root', root, 'serve', '--addr', '127.0.0.1:0', ...flags);
  const { child } = program;
  const address = await new Promise<string>((resolve, reject) => {
    const look = () => {
      const found = /http:\/\/(127\.0\.0\.1:\d+)/.exec(program.stdout)?.[1];
      if (found) resolve(found);
    };
    child.stdout?.on('data', look);
    program.result.then(
      ({ stdout, stderr }) => reject(new Error(`wherry serve did not start: ${stdout}${stderr}`)),
      reject,
    );
  });
  return { address, stop: () => stopChild(child), child };
}
