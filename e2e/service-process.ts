import { type ChildProcess, spawn } from 'node:child_process';
import { stopChild } from '../bench/peers.ts';
import { RunningProgram, type Sandbox, WHERRY } from './wherry.ts';

interface ServiceOptions {
  readonly places?: number;
  readonly root?: string;
  /** Variables that stand for keys of the settings file. */
  readonly settings?: NodeJS.ProcessEnv;
  /** A process that was started otherwise. */
  readonly child?: ChildProcess;
}

/** `wherry serve` with options of the test's own. */
export class ServiceProcess {
  readonly program: RunningProgram;
  /** Where it says that it serves, in order. */
  readonly urls: readonly string[];

  private constructor(program: RunningProgram, urls: readonly string[]) {
    this.program = program;
    this.urls = urls;
  }

  /** Starts it, on the sandbox's store or another, and waits until it serves at as many places as told. */
  static async start(
    sandbox: Sandbox,
    args: readonly string[],
    { places = 1, root = sandbox.root, settings = {}, child }: ServiceOptions = {},
  ): Promise<ServiceProcess> {
    const env = { ...sandbox.environment, ...settings, WHERRY_ROOT: root };
    const program = new RunningProgram(child ?? spawnWherry(env, ['serve', ...args]));
    const urls = await new Promise<string[]>((resolve, reject) => {
      const look = () => {
        const found = [...program.stdout.matchAll(/^Serving at (\S+)$/gm)].map(([, url]) => url ?? '');
        if (found.length >= places) resolve(found);
      };
      program.child.stdout?.on('data', look);
      program.result.then(
        ({ stdout, stderr }) => reject(new Error(`wherry serve did not start: ${stdout}${stderr}`)),
        reject,
      );
    });
    return new ServiceProcess(program, urls);
  }

  /** Host and port of a place. */
  address(index = 0): string {
    return new URL(this.urls[index] ?? '').host;
  }

  get log(): string {
    return this.program.stderr;
  }

  stop(): Promise<void> {
    return stopChild(this.program.child);
  }
}

function spawnWherry(env: NodeJS.ProcessEnv, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [WHERRY, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
