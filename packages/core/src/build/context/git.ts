import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isErrno, throwIfCancelled, WherryError } from '../../errors.ts';
import { type GitSource, redactUrls } from './git-url.ts';

const PROTOCOLS = ['http', 'https', 'ssh', 'git'];
const MAX_OUTPUT_CHARS = 1024 * 1024;
/** A commit's name, in full or abbreviated. */
const COMMIT = /^[0-9a-f]{7,64}$/;
/** What would make git work in another repository, as a hook that runs us has it. */
const PLACE_VARIABLES =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|SHALLOW_FILE)$/;

export interface CloneOptions {
  /** Leaves `.git` where it is. */
  readonly keepGitDirectory?: boolean;
  readonly signal?: AbortSignal;
  /** More protocols than `PROTOCOLS`, for tests. */
  readonly protocols?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface ClonedRepository {
  /** The root of the context: absolute, without links. */
  readonly directory: string;
  readonly commit: string;
  /** When it was committed, seconds since the epoch. */
  readonly committedAt: number;
}

/**
 * Fetches a repository into `directory`, which is made, with as little of its history as the remote allows, and with
 * its submodules. Never asks for anything. The directory is the caller's to remove, after a failure too. Throws
 * `FILE_NOT_FOUND` without git and for a subdirectory that is not there, `UNREACHABLE`, `CANCELLED`.
 */
export async function cloneGitContext(
  source: GitSource,
  directory: string,
  options: CloneOptions = {},
): Promise<ClonedRepository> {
  await mkdir(directory, { recursive: true });
  const git = (...args: string[]) => runGit(directory, args, options);
  // Nothing of ours runs in there: neither hooks from templates nor those of a config.
  await git('init', '--quiet', '--template=');
  await git('remote', 'add', '--', 'origin', source.remote);
  await checkOut(git, source.ref);
  const hasSubmodules = existsSync(join(directory, '.gitmodules'));
  if (hasSubmodules) await git('submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1');
  const head = await git('show', '-s', '--no-show-signature', '--format=%H %ct', 'HEAD');
  const [commit = '', committedAt = ''] = head.trim().split(' ');
  if (!options.keepGitDirectory) {
    const submodules = hasSubmodules ? await submodulePaths(git) : [];
    for (const path of [...submodules, directory])
      await rm(join(path, '.git'), { recursive: true, force: true });
  }
  const root = await contextIn(directory, source.subdirectory);
  return { directory: root, commit, committedAt: Number(committedAt) };
}

type Git = (...args: string[]) => Promise<string>;

async function submodulePaths(git: Git): Promise<string[]> {
  const print = 'printf "%s/%s\\0" "$toplevel" "$sm_path"';
  const paths = await git('submodule', '--quiet', 'foreach', '--recursive', print);
  return paths.split('\0').slice(0, -1);
}

async function checkOut(git: Git, ref = 'HEAD'): Promise<void> {
  const fetch = (...args: string[]) => git('fetch', '--quiet', '--no-tags', ...args);
  try {
    await fetch('--depth=1', '--', 'origin', ref);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A remote without shallow fetches, or without fetches of commits by their name.
    if (!COMMIT.test(ref)) await fetch('--', 'origin', ref);
    else {
      await fetch('--', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
      await git('checkout', '--quiet', '--detach', ref, '--');
      return;
    }
  }
  await git('checkout', '--quiet', '--detach', 'FETCH_HEAD', '--');
}

function isRefusal(error: unknown): boolean {
  return error instanceof WherryError && error.code === 'UNREACHABLE';
}

async function contextIn(directory: string, subdirectory: string | undefined): Promise<string> {
  const root = await realpath(directory);
  if (subdirectory === undefined) return root;
  const fault = (text: string, cause?: unknown) =>
    new WherryError('FILE_NOT_FOUND', `unable to prepare context: error setting git context, ${text}`, {
      cause,
    });
  try {
    const found = await realpath(join(root, subdirectory));
    // A link in the repository may lead anywhere.
    if (!`${found}${sep}`.startsWith(`${root}${sep}`))
      throw fault(`${JSON.stringify(subdirectory)} not within git root`);
    if (!(await stat(found)).isDirectory()) throw fault(`not a directory: ${subdirectory}`);
    return found;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    throw fault(`${JSON.stringify(subdirectory)} not found in the repository`, error);
  }
}

async function runGit(cwd: string, args: readonly string[], options: CloneOptions): Promise<string> {
  const { signal } = options;
  throwIfCancelled(signal);
  const [program, ...words] = commandLine(args);
  const child = spawn(program, words, {
    cwd,
    env: gitEnvironment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that its helpers end with it.
    detached: process.platform !== 'win32',
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(0, MAX_OUTPUT_CHARS);
    });
  const kill = () => endGroup(child.pid);
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    throwIfCancelled(signal);
    if (status === NOT_FOUND && program !== 'git') throw notInstalled();
    if (status !== 0) throw failure(args, output.stderr);
    return output.stdout;
  } catch (error) {
    throw isErrno(error, 'ENOENT') ? notInstalled(error) : error;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/** What a shell ends with when there is no such program. */
const NOT_FOUND = 127;

/** Files get the modes that the repository has, whatever the umask: only a shell can set one for a child. */
function commandLine(args: readonly string[]): [program: string, ...words: string[]] {
  const words = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false', ...args];
  if (process.platform === 'win32') return ['git', ...words];
  return ['/bin/sh', '-c', 'umask 022 && exec git "$@"', 'git', ...words];
}

function gitEnvironment({ env = process.env, protocols = [] }: CloneOptions): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !PLACE_VARIABLES.test(name)));
  return {
    ...kept,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: kept.GIT_ASKPASS ?? '',
    SSH_ASKPASS: kept.SSH_ASKPASS ?? '',
    GIT_SSH_COMMAND: kept.GIT_SSH_COMMAND ?? (kept.GIT_SSH ? undefined : 'ssh -o BatchMode=yes'),
    // For submodules too, whose URLs come from the repository.
    GIT_ALLOW_PROTOCOL: [...PROTOCOLS, ...protocols].join(':'),
    GIT_PROTOCOL_FROM_USER: '0',
  };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGTERM');
  } catch (error) {
    // It has just ended.
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

function failure([verb]: readonly string[], stderr: string): WherryError {
  const said = redactUrls(stderr.trim());
  return new WherryError(
    'UNREACHABLE',
    `unable to prepare context: unable to 'git clone' to temporary context directory: git ${verb}: ${said}`,
    {
      details: { verb },
    },
  );
}

function notInstalled(cause?: unknown): WherryError {
  return new WherryError(
    'FILE_NOT_FOUND',
    `unable to prepare context: unable to find 'git': exec: "git": executable file not found in $PATH`,
    {
      hint: 'install git, or give the context as a directory or an archive',
      cause,
    },
  );
}
