import { spawn } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';
import type { Credentials } from './credentials.ts';
import type { Environment } from './environment.ts';

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_SHOWN_CHARACTERS = 1000;
const NOT_FOUND = 'credentials not found in native keychain';
/** In the place of a name: the secret is an identity token. */
const TOKEN_USERNAME = '<token>';

export interface HelperOptions {
  /** The `PATH` in it finds the helper, which gets it whole. */
  readonly env: Environment;
  readonly timeoutMs?: number;
}

/**
 * Runs `docker-credential-<suffix>`: the operation as its argument, the rest over stdin, errors on stdout.
 * CRED `credentials/credentials.go`.
 */
export class CredentialHelper {
  readonly suffix: string;
  readonly #options: HelperOptions;

  constructor(suffix: string, options: HelperOptions) {
    if (!/^[\w.-]+$/.test(suffix))
      throw new WherryError('INVALID_CONFIG', `invalid credential helper name ${JSON.stringify(suffix)}`);
    this.suffix = suffix;
    this.#options = options;
  }

  /** `undefined` when the helper knows nothing of `server`. Throws `INTERNAL` when it fails. */
  async get(server: string): Promise<Credentials | undefined> {
    const answer = await this.#run('get', oneLine(server));
    if (answer.status !== 0) {
      if (answer.output.includes(NOT_FOUND)) return undefined;
      throw this.#failure('getting credentials', answer.status, answer.output);
    }
    const { username, secret } = this.#parsed(answer.output);
    if (secret === '') return undefined;
    return username === TOKEN_USERNAME
      ? { username: '', password: '', identityToken: secret }
      : { username, password: secret };
  }

  async store(server: string, { username, password, identityToken }: Credentials): Promise<void> {
    const entry =
      identityToken === undefined
        ? { ServerURL: oneLine(server), Username: username, Secret: password }
        : { ServerURL: oneLine(server), Username: TOKEN_USERNAME, Secret: identityToken };
    const { status, output } = await this.#run('store', JSON.stringify(entry));
    if (status !== 0) throw this.#failure('storing credentials', status, output);
  }

  /** Tells whether there was anything to erase. */
  async erase(server: string): Promise<boolean> {
    const { status, output } = await this.#run('erase', oneLine(server));
    if (status === 0) return true;
    if (output.includes(NOT_FOUND)) return false;
    throw this.#failure('erasing credentials', status, output);
  }

  async #run(
    operation: 'get' | 'store' | 'erase',
    input: string,
  ): Promise<{ status: number; output: string }> {
    const program = `docker-credential-${this.suffix}`;
    const path = await findProgram(program, this.#options.env.PATH ?? '');
    if (path === undefined)
      throw new WherryError(
        'INTERNAL',
        `error ${OPERATION_TEXT[operation]} - err: exec: "${program}": executable file not found in $PATH, out: \`\``,
        {
          hint: `install ${program}, or take "${this.suffix}" out of Docker's config.json`,
          details: { program },
        },
      );
    return runProgram({ path, operation, input, hint: hintFor(this.suffix) }, this.#options);
  }

  #failure(what: string, status: number, output: string): WherryError {
    const text = output.trim();
    const shown = text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
    return new WherryError('INTERNAL', `error ${what} - err: exit status ${status}, out: \`${shown}\``, {
      details: { helper: this.suffix },
    });
  }

  #parsed(output: string): { readonly username: string; readonly secret: string } {
    const answer = jsonObject(output);
    const [username, secret] = [answer?.Username ?? '', answer?.Secret ?? ''];
    if (answer !== undefined && typeof username === 'string' && typeof secret === 'string')
      return { username, secret };
    // The output may hold a secret: it is not shown.
    throw new WherryError(
      'INTERNAL',
      `docker-credential-${this.suffix}: answer is not a JSON object with a name and a secret`,
      { hint: hintFor(this.suffix) },
    );
  }
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hintFor(suffix: string): string {
  return `mend docker-credential-${suffix}, or take "${suffix}" out of Docker's config.json`;
}

const OPERATION_TEXT = {
  get: 'getting credentials',
  store: 'storing credentials',
  erase: 'erasing credentials',
} as const;

interface HelperCall {
  readonly path: string;
  readonly operation: string;
  readonly input: string;
  readonly hint: string;
}

function runProgram(
  { path, operation, input, hint }: HelperCall,
  options: HelperOptions,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [operation], { env: { ...options.env }, stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (text: string, cause?: unknown) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // What the helper has started may hold its output open, and nobody waits for that.
      child.stdout.destroy();
      reject(new WherryError('INTERNAL', `${path} ${operation}: ${text}`, { hint, cause }));
    };
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} seconds`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) fail(`more than ${MAX_OUTPUT_BYTES} bytes of output`);
      else chunks.push(chunk);
    });
    child.on('error', (error) => fail(error.message, error));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === null) return fail(`ended by ${signal}`);
      resolve({ status: code, output: Buffer.concat(chunks).toString('utf8') });
    });
    // A helper may answer and go without reading its input.
    child.stdin.on('error', (error) => {
      if (!isErrno(error, 'EPIPE', 'ECONNRESET')) fail(error.message, error);
    });
    child.stdin.end(input);
  });
}

/** Looks a program up as a shell does, but never in the current directory. */
async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const directory of searchPath.split(delimiter)) {
    if (directory === '' || directory === '.') continue;
    for (const candidate of names.map((file) => join(directory, file))) {
      if (await isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return false;
    throw error;
  }
}

/** The protocol ends a server URL with the line. */
function oneLine(server: string): string {
  if (/[\r\n]/.test(server)) throw new WherryError('INVALID_ARGUMENT', 'registry address with a line break');
  return server;
}
