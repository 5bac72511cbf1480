import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import { readTar, type TarFile } from '../tar/reader.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { type TarEntryInit, tarEnd, writeTarEntry } from '../tar/writer.ts';
import { detectOwnership, isForeignXattr, type Ownership } from './privileges.ts';
import { byteString, shownName } from './safe-path.ts';
import { noUsableTar } from './tar-child.ts';
import { endOf, nameList, startTarOf, type TarReader } from './tar-list.ts';
import { type UpperName, upperNames } from './upper-names.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const OVERLAY_OPAQUE = /^(?:trusted|user)\.overlay\.opaque$/;
const OVERLAY_REDIRECT = /^(?:trusted|user)\.overlay\.(?:redirect|metacopy)$/;
/** What tar says of a file that others write while it is read; its entry has the size that it began with. */
const HARMLESS = /: (?:file changed as we read it|File removed before we read it|socket ignored)$/;
const SHRANK = /: File shrank by \d+ bytes?; padding with zeros$/;
/** The list of names is kept while the layer is written. */
const MAX_NAMES = 5_000_000;

export interface DiffLayerOptions {
  /** As the overlay was mounted; found out unless given. */
  readonly ownership?: Ownership;
  /** Names to leave out, below the directory, one character per byte. Of a directory all in it has to be named too. */
  readonly omit?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

/**
 * Writes what changed in a root file system, its `upper` directory, as a layer's tar. The same directory gives the
 * same bytes: entries sorted by name, numeric owners, times in whole seconds as Docker has them. One `tar` reads
 * the files, because Node cannot read extended attributes. A file that grows or goes away meanwhile is taken as
 * it was, or left out; throws `CONFLICT` for one that shrinks, `UNSUPPORTED` without a usable tar program or when
 * the overlay was mounted to keep names apart from content, `CANCELLED`.
 * OCI image-spec v1.1, layer.md "Representing Changes".
 */
export async function* diffLayer(upper: string, options: DiffLayerOptions = {}): ByteSource {
  const names = await collectNames(upper, options);
  const ownership = options.ownership ?? detectOwnership();
  const present = names.filter(({ isWhiteout }) => !isWhiteout);
  await using files = present.length === 0 ? NO_FILES : readFiles(upper, present, options.signal);
  try {
    yield* writeEntries(names, files.entries, ownership);
    await files.finish();
  } catch (error) {
    throw await files.explain(error);
  }
  yield tarEnd();
}

async function collectNames(upper: string, { omit, signal }: DiffLayerOptions): Promise<UpperName[]> {
  const names: UpperName[] = [];
  for await (const name of upperNames(upper)) {
    throwIfCancelled(signal);
    if (omit?.has(name.path)) continue;
    if (names.push(name) > MAX_NAMES)
      throw new WherryError('TOO_LARGE', `more than ${MAX_NAMES} files changed`);
  }
  return names;
}

/** Files as `tar` reads them. */
interface ReadFiles extends AsyncDisposable {
  readonly entries: AsyncIterator<TarFile>;
  /** Judges what was said of them, after the last one. */
  finish(): Promise<void>;
  /** Why reading them broke off with `error`. */
  explain(error: unknown): Promise<unknown>;
}

const NO_FILES: ReadFiles = {
  entries: (async function* () {})(),
  finish: async () => {},
  explain: async (error) => error,
  [Symbol.asyncDispose]: async () => {},
};

async function* writeEntries(
  names: readonly UpperName[],
  files: AsyncIterator<TarFile>,
  ownership: Ownership,
): ByteSource {
  let next = await files.next();
  for (const { path, isWhiteout } of names) {
    if (isWhiteout) {
      yield* writeTarEntry(marker(whiteoutName(path)));
      continue;
    }
    // What went away since the names were listed.
    if (next.done || cleanName(next.value.entry.name) !== path) continue;
    const { entry, body } = next.value;
    yield* writeTarEntry(toLayerEntry(entry, path, ownership), body);
    if (isOpaque(entry)) yield* writeTarEntry(marker(`${path}/${OPAQUE}`));
    next = await files.next();
  }
  if (!next.done) throw new Error(`diff: unexpected entry ${shownName(byteString(next.value.entry.name))}`);
}

/** Has `tar` read the files, in the order of their names. */
function readFiles(upper: string, names: readonly UpperName[], signal: AbortSignal | undefined): ReadFiles {
  const child = startTarOf(upper, { ...(signal && { signal }) });
  const end = endOf(child);
  const entries = readTar(child.stdout);
  // Either may fail while the other is waited for.
  const settled = Promise.allSettled([end, sendNames(child, names)]);
  const stop = async () => {
    child.kill();
    // Its end is told only when nothing is left to be read.
    child.stdout.destroy();
    const [ended] = await settled;
    return ended;
  };
  return {
    entries,
    finish: async () => {
      const { stderr, status } = await end;
      checkMessages(stderr, status);
    },
    explain: async (error) => {
      const ended = await stop();
      throwIfCancelled(signal);
      if (ended.status === 'fulfilled') checkMessages(ended.value.stderr, 0);
      else if (isErrno(ended.reason, 'ENOENT')) return noUsableTar(ended.reason);
      return error;
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await entries.return();
    },
  };
}

function sendNames(child: TarReader, names: readonly UpperName[]): Promise<void> {
  return pipeline(Readable.from(nameList(names.map(({ path }) => path))), child.stdin);
}

function checkMessages(stderr: string, status: number | null): void {
  const lines = stderr.split('\n').filter((line) => line !== '' && !HARMLESS.test(line));
  const shrank = lines.find((line) => SHRANK.test(line));
  if (shrank !== undefined)
    throw new WherryError('CONFLICT', `${shownName(fileIn(shrank))} changed while it was read`, {
      hint: 'stop the container, or pause it, and try again',
    });
  const failure = lines.find((line) => !/Exiting with failure status/.test(line));
  if (failure !== undefined)
    throw new WherryError('INTERNAL', `tar failed: ${failure.replace(/^tar: /, '')}`);
  // 1: some files differ, which the messages told.
  if (status !== 0 && status !== 1) throw new WherryError('INTERNAL', `tar failed: exit status ${status}`);
}

function fileIn(message: string): string {
  return message.replace(/^tar: (?:\.\/)?/, '').replace(SHRANK, '');
}

function toLayerEntry(entry: TarEntry, path: string, ownership: Ownership): TarEntryInit {
  const { type, mode, size, mtime, devMajor, devMinor } = entry;
  const [uid, gid] = ownership === 'user' ? [0, 0] : [entry.uid, entry.gid];
  const keys = [...(entry.xattrs?.keys() ?? [])];
  if (keys.some((key) => OVERLAY_REDIRECT.test(key)))
    throw new WherryError(
      'UNSUPPORTED',
      `${shownName(path)}: the overlay was mounted with redirect_dir or metacopy`,
    );
  const xattrs = new Map([...(entry.xattrs ?? [])].filter(([key]) => !isForeignXattr(key)).sort(byKey));
  const link =
    type === 'hardlink'
      ? Buffer.from(cleanName(entry.link), 'latin1')
      : type === 'symlink'
        ? entry.link
        : undefined;
  return {
    name: Buffer.from(type === 'directory' ? `${path}/` : path, 'latin1'),
    ...{ type, mode, uid, gid, size, mtime, devMajor, devMinor },
    ...(link !== undefined && { link }),
    ...(xattrs.size > 0 && { xattrs }),
  };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function isOpaque(entry: TarEntry): boolean {
  return [...(entry.xattrs?.keys() ?? [])].some((key) => OVERLAY_OPAQUE.test(key));
}

function whiteoutName(path: string): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash + 1)}${WHITEOUT}${path.slice(slash + 1)}`;
}

/** An entry that says something by its name alone. */
function marker(name: string): TarEntryInit {
  return { name: Buffer.from(name, 'latin1'), type: 'file', mode: 0, mtime: 0, size: 0 };
}

/** A name as `tar` gives it back, without what `nameList` put before it and the slash of a directory. */
function cleanName(bytes: Uint8Array): string {
  return byteString(bytes).replace(/^\.\//, '').replace(/\/$/, '');
}
