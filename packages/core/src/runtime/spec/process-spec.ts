import { WherryError } from '../../errors.ts';
import type { ContainerConfig } from '../../oci/image-config.ts';
import type { ContainerOptions } from '../container-options.ts';
import type { SpecRlimit } from './runtime-spec.ts';

/** Where programs are looked for when neither image nor options say. MOBY `oci/defaults.go`. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where Docker puts the init of `--init`. */
export const INIT_TARGET = '/sbin/docker-init';

export type ImageDefaults = Pick<
  ContainerConfig,
  'Entrypoint' | 'Cmd' | 'Env' | 'WorkingDir' | 'User' | 'StopSignal'
>;

/** The program and what it is given, apart as Docker's inspect shows them (`Path`, `Args`). */
export interface ContainerCommand {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Both as one; never empty. */
  readonly argv: readonly string[];
}

/**
 * Merges the image's entry point and command with those of the options: an entry point of one's own drops the
 * image's command too. Throws `INVALID_ARGUMENT` when nothing is left to run.
 */
export function containerCommand(image: ImageDefaults, options: ContainerOptions): ContainerCommand {
  const ownEntrypoint = options.entrypoint?.length ? options.entrypoint : undefined;
  const ownCommand = options.command?.length ? options.command : undefined;
  const entrypoint = ownEntrypoint ?? (options.entrypoint === undefined ? (image.Entrypoint ?? []) : []);
  const command = ownCommand ?? (ownEntrypoint ? [] : (image.Cmd ?? []));
  const isCleared = entrypoint.length === 1 && entrypoint[0] === '';
  const argv = [...(isCleared ? [] : entrypoint), ...command];
  if (argv.length === 0) throw new WherryError('INVALID_ARGUMENT', 'no command specified');
  return { entrypoint: isCleared ? [] : entrypoint, command, argv };
}

/** The options' environment, then what the image has beside it, as Docker keeps it: a record's `Config.Env`. */
export function configuredEnv(image: ImageDefaults, options: ContainerOptions): readonly string[] {
  const own = options.env ?? [];
  const replaced = new Set(own.map(nameOf));
  return [...mergeEnv([], own), ...(image.Env ?? []).filter((entry) => !replaced.has(nameOf(entry)))];
}

/** What the process gets: what Docker gives to every one, then what is configured. */
export function processEnv(
  configured: readonly string[],
  facts: { readonly hostname: string; readonly home: string; readonly tty: boolean },
): readonly string[] {
  const given = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${facts.hostname}`, ...(facts.tty ? ['TERM=xterm'] : [])];
  const env = mergeEnv(given, configured);
  // Runtimes do this too, but not all of them by the container's own files.
  return env.some((entry) => /^HOME=./.test(entry)) ? env : mergeEnv(env, [`HOME=${facts.home}`]);
}

/** Where the process begins. Throws `INVALID_ARGUMENT` in Docker's words. */
export function workingDirectory(image: ImageDefaults, options: ContainerOptions): string {
  const path = options.workingDir || image.WorkingDir || '/';
  if (path.startsWith('/')) return path;
  throw new WherryError(
    'INVALID_ARGUMENT',
    `the working directory '${path}' is invalid, it needs to be an absolute path`,
  );
}

/** The rlimits of `--ulimit`. */
export function rlimits(options: ContainerOptions): readonly SpecRlimit[] {
  return (options.ulimits ?? []).map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft,
    hard,
  }));
}

/** Later entries take the place of earlier ones of their name; a name without a value takes it away. */
export function mergeEnv(base: readonly string[], changes: readonly string[]): readonly string[] {
  const merged = new Map(base.map((entry) => [nameOf(entry), entry]));
  for (const entry of changes) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
