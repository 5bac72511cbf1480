import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Another process, for tests of what processes do to each other. */
export interface NodeChild extends AsyncDisposable {
  /** The next line it prints. Throws with its errors when it ends first. */
  line(): Promise<string>;
  /** Sends a line to its standard input. */
  say(text: string): void;
  /** Ends it as the system would, without a chance to clean up. */
  kill(): Promise<void>;
  /** Waits for its end. Throws with its errors unless it ends well. */
  done(): Promise<void>;
}

/** What a script does not refer to any more is collected, and its locks are dropped: `keep` refers to it. */
const KEEP = 'const keep = (value) => { (globalThis.kept ??= []).push(value); return value; };\n';

/**
 * Starts Node on the text of a module, in which the paths of `imports` are bound to constants: their names
 * are the keys, the values URLs of modules, each imported whole. `keep(value)` there holds on to a value until
 * the process ends.
 */
export function startNode(
  script: string,
  imports: Readonly<Record<string, URL>> = {},
  options: SpawnOptions = {},
): NodeChild {
  const prelude = Object.entries(imports).map(([name, url]) => `import * as ${name} from '${url.href}';\n`);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', prelude.join('') + KEEP + script],
    { ...options, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('error', (error) => {
      errors += error.message;
      resolve({ code: -1, signal: null });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const lines = child.stdout === null ? undefined : createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    line: async () => {
      const next = await lines?.next();
      if (next === undefined || next.done) throw new Error(`child ended: ${errors}`);
      return next.value;
    },
    say: (text) => void child.stdin?.write(`${text}\n`),
    kill: () => killed(child, ended),
    done: async () => {
      child.stdin?.end();
      const { code, signal } = await ended;
      if (code !== 0) throw new Error(`child ended with ${code ?? signal}: ${errors}`);
    },
    [Symbol.asyncDispose]: () => killed(child, ended),
  };
}

async function killed(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
