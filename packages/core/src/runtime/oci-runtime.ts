import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';
import { detectOwnership } from '../rootfs/privileges.ts';
import { processesFrom } from './namespace/host-processes.ts';
import { findProgram, type ProgramResult, runProgram } from './program.ts';
import type { ExecRequest, RunRequest, Runtime, RuntimeState } from './runtime.ts';
import { lastRuntimeError } from './runtime-errors.ts';
import { readHostFacts } from './spec/host-facts.ts';
import type { SpecResources } from './spec/runtime-spec.ts';

/** In the order of preference. */
const KNOWN_RUNTIMES = ['runc', 'crun', 'youki'];

/** What runtimes say about a container that they do not know, or that has ended. */
const UNKNOWN = /does not exist|not exist|no such (?:container|file)|could not be found/i;
const ENDED =
  /not running|already (?:finished|dead)|process (?:already )?(?:finished|not found)|no such process/i;

/**
 * Finds the program that runs containers: `name` if given, as a name or a path, else the first of runc, crun
 * and youki. `stateDirectory` is where it keeps what it knows, on a file system that a restart empties.
 * Throws `UNSUPPORTED` in one line where there is none.
 */
export function openRuntime(options: {
  readonly stateDirectory: string;
  readonly name?: string;
}): OciRuntime {
  if (process.platform !== 'linux')
    throw new WherryError('UNSUPPORTED', `running containers needs Linux, this is ${process.platform}`);
  const path = findProgram(options.name === undefined ? KNOWN_RUNTIMES : [options.name]);
  if (path === undefined)
    throw new WherryError(
      'UNSUPPORTED',
      options.name === undefined
        ? 'running containers needs runc, crun or youki, none is found in $PATH'
        : `unknown or invalid runtime name: ${options.name}`,
      { hint: 'install runc, which is also in the packages of Docker and containerd' },
    );
  return new OciRuntime(path, options.stateDirectory);
}

/** A runtime that is a program with runc's command line, as crun and youki have it too. */
export class OciRuntime implements Runtime {
  readonly name: string;
  readonly canPause = readHostFacts().canUseCgroups;
  readonly #path: string;
  readonly #root: string;

  constructor(path: string, stateDirectory: string) {
    this.#path = path;
    this.#root = stateDirectory;
    this.name = basename(path);
  }

  runCommand({ id, bundle, pidFile, logFile, keep }: RunRequest): readonly string[] {
    const options = ['--bundle', bundle, '--pid-file', pidFile, ...(keep ? ['--keep'] : [])];
    return [...this.#command(logFile), 'run', ...options, id];
  }

  deleteCommand(id: string): readonly string[] {
    return [this.#path, '--root', this.#root, 'delete', '--force', id];
  }

  statePath(id: string): string {
    return join(this.#root, id);
  }

  execCommand({ id, processFile, pidFile, logFile, detach }: ExecRequest): readonly string[] {
    const options = ['--process', processFile, '--pid-file', pidFile, ...(detach ? ['--detach'] : [])];
    return [...this.#command(logFile), 'exec', ...options, id];
  }

  async list(): Promise<readonly string[]> {
    try {
      return await readdir(this.#root);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async state(id: string): Promise<RuntimeState | undefined> {
    const result = await this.#run(['state', id]);
    if (result.code !== 0) {
      if (UNKNOWN.test(result.stderr)) return undefined;
      throw this.#failure('state', id, result);
    }
    const { status, pid } = JSON.parse(result.stdout) as { status: RuntimeState['status']; pid?: number };
    return { status, ...(pid && status !== 'stopped' && { pid }) };
  }

  async kill(id: string, signal: string): Promise<void> {
    const result = await this.#run(['kill', id, signal]);
    if (result.code === 0) return;
    if (UNKNOWN.test(result.stderr) || ENDED.test(result.stderr))
      throw new WherryError('CONFLICT', `Container ${id} is not running`, { details: { id } });
    throw this.#failure('kill', id, result);
  }

  async pause(id: string): Promise<void> {
    await this.#expect('pause', id);
  }

  async resume(id: string): Promise<void> {
    await this.#expect('resume', id);
  }

  async update(id: string, resources: Omit<SpecResources, 'devices'>): Promise<void> {
    const input = JSON.stringify(resources);
    const result = await this.#run(['update', '--resources', '-', id], { input });
    if (result.code !== 0) throw this.#failure('update', id, result);
  }

  async processIds(id: string): Promise<readonly number[]> {
    // In a user namespace there is no control group that would tell.
    if (detectOwnership() === 'namespace') {
      const { pid } = (await this.state(id)) ?? {};
      return pid === undefined ? [] : processesFrom(pid);
    }
    const result = await this.#run(['ps', '--format', 'json', id]);
    if (result.code !== 0) throw this.#failure('ps', id, result);
    const ids: unknown = JSON.parse(result.stdout);
    return Array.isArray(ids) ? ids.filter((each): each is number => Number.isSafeInteger(each)) : [];
  }

  async delete(id: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const result = await this.#run(['delete', ...(options.force ? ['--force'] : []), id]);
    if (result.code === 0 || UNKNOWN.test(result.stderr)) return;
    throw this.#failure('delete', id, result);
  }

  async version(): Promise<string | undefined> {
    const { stdout } = await runProgram(this.#path, ['--version']);
    return /\bversion:?\s+v?(\d+(?:\.\d+)*)/i.exec(stdout)?.[1];
  }

  async #expect(verb: string, id: string): Promise<void> {
    const result = await this.#run([verb, id]);
    if (result.code !== 0) throw this.#failure(verb, id, result);
  }

  async #run(args: readonly string[], options: { readonly input?: string } = {}): Promise<ProgramResult> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    return await runProgram(this.#path, ['--root', this.#root, ...args], options);
  }

  #command(logFile: string): readonly string[] {
    return [this.#path, '--root', this.#root, '--log', logFile, '--log-format', 'json'];
  }

  #failure(verb: string, id: string, result: ProgramResult): WherryError {
    const said = lastRuntimeError(result.stderr) ?? lastLine(result.stderr);
    return new WherryError('INTERNAL', `${this.name} ${verb} ${id}: ${said || `exit code ${result.code}`}`);
  }
}

/** Without the time and level that runc writes before what it says. */
function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  const message = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return message === undefined ? line : message.replace(/\\(.)/g, '$1');
}
