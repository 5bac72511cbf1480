import type { ByteSource } from '../bytes/byte-source.ts';
import { tarEnd, writeTarEntry } from '../tar/writer.ts';
import { nameFromTar, plainEntry } from './plain-entry.ts';
import { detectOwnership } from './privileges.ts';
import { readFiles, waitingTar } from './tar-files.ts';
import { startTarOf, type TarReach } from './tar-list.ts';

export interface ReadTreeRequest {
  /** A descriptor of an open directory, whose files are read. */
  readonly directory: number;
  /** One name in it, one character per byte, with all below it; absent: the directory itself. */
  readonly base?: string;
  /** What stands for it in the archive; of the directory `''` gives names that begin with a slash. */
  readonly name: string;
  /** Directories below, of which only the directory itself is read; as `base`. */
  readonly hollow?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Writes what lies in a directory as a tar, as Docker does: each directory before what is in it, names in the
 * order of their bytes, sockets left out. No link is followed, nor anything that is swapped for one meanwhile. Throws
 * as `readFiles` does.
 */
export async function* readTree(request: ReadTreeRequest): ByteSource {
  const { name } = request;
  yield* rewritten(request, (path) => `${name}${path}`);
}

/** As `readTree`, of a whole root file system: its own directory is not in the archive, as in Docker's exports. */
export async function* readRootfs(directory: number, signal?: AbortSignal): ByteSource {
  yield* rewritten({ directory, name: '', ...(signal && { signal }) }, (path) =>
    path === '' ? undefined : path.slice(1),
  );
}

/** `rename` gets what follows the base's own name, `''` or with a slash in front; `undefined`: left out. */
async function* rewritten(
  { directory, base, hollow = [], signal }: ReadTreeRequest,
  rename: (path: string) => string | undefined,
): ByteSource {
  const ownership = detectOwnership();
  const child = startTarOf(`/proc/${process.pid}/fd/${directory}`, signal, reachOf(hollow));
  await using files = readFiles(waitingTar(child), [base ?? ''], signal);
  const nameOf = (bytes: Uint8Array) => {
    const path = nameFromTar(bytes);
    if (base !== undefined) return rename(path.slice(base.length));
    return rename(path === '' || path === '.' ? '' : `/${path}`);
  };
  try {
    for (let next = await files.entries.next(); !next.done; next = await files.entries.next()) {
      const { entry, body } = next.value;
      const name = nameOf(entry.name);
      if (name === undefined) continue;
      const link = entry.type === 'hardlink' ? nameOf(entry.link) : undefined;
      yield* writeTarEntry(plainEntry(entry, { name, ...(link !== undefined && { link }) }, ownership), body);
    }
    await files.finish();
  } catch (error) {
    throw await files.explain(error);
  }
  yield tarEnd();
}

function reachOf(hollow: readonly string[]): TarReach {
  // Patterns are matched with names as they are given: they begin with a dot and a slash.
  const excludes = hollow.map((path) => `--exclude=./${path.replace(/[\\*?[]/g, '\\$&')}/*`);
  return ['--sort=name', '--anchored', ...excludes];
}
