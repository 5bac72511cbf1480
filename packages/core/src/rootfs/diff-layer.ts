import { lstatSync } from 'node:fs';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { packTar } from '../tar/tar-chunks.ts';
import type { TarEntryInit, TarItem } from '../tar/writer.ts';
import { OVERLAY_OPAQUE } from './overlay-marks.ts';
import { nameFromTar, plainEntry } from './plain-entry.ts';
import { detectOwnership, type Ownership } from './privileges.ts';
import { NO_FILES, type ReadFiles, readFiles, type WaitingTar, waitingTar } from './tar-files.ts';
import { startTarOfSeconds } from './tar-list.ts';
import { byteString, shownName } from './unpack/safe-path.ts';
import { collectUpperNames, pathBelow, type UpperName } from './upper-names.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

export interface DiffLayerOptions {
  /** As the overlay was mounted; found out unless given. */
  readonly ownership?: Ownership;
  /** What of the directory goes into the layer, in the order of `collectUpperNames`; all of it unless given. */
  readonly names?: readonly UpperName[];
  /** One of `startTarOfSeconds` that was started before, on the same directory. */
  readonly tar?: WaitingTar;
  /** Whole seconds since the epoch: later times of entries are set back to it. */
  readonly latestTime?: number;
  /** Is told each directory that hides what is below it. */
  readonly onOpaque?: (path: string) => void;
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
  const names = options.names ?? (await collectUpperNames(upper, options.signal));
  const ownership = options.ownership ?? detectOwnership();
  const present = names.filter(({ isWhiteout }) => !isWhiteout);
  await using files =
    present.length === 0
      ? NO_FILES
      : readFiles(
          options.tar ?? waitingTar(startTarOfSeconds(upper, options.signal)),
          present.map(({ path }) => path),
          options.signal,
        );
  try {
    yield* packTar(writtenItems(upper, names, files, { ...options, ownership }));
  } catch (error) {
    throw await files.explain(error);
  }
}

async function* writtenItems(
  upper: string,
  names: readonly UpperName[],
  { entries, finish }: Pick<ReadFiles, 'entries' | 'finish'>,
  {
    ownership,
    latestTime = Number.POSITIVE_INFINITY,
    onOpaque,
  }: Pick<DiffLayerOptions, 'latestTime' | 'onOpaque'> & { readonly ownership: Ownership },
): AsyncGenerator<TarItem> {
  const root = Buffer.from(upper);
  let next = await entries.next();
  for (const { path, isWhiteout } of names) {
    if (isWhiteout) {
      yield { entry: marker(whiteoutName(path)) };
      continue;
    }
    // What went away since the names were listed.
    if (next.done || nameFromTar(next.value.entry.name) !== path) continue;
    const { entry, body, bytes } = next.value;
    const link = entry.type === 'hardlink' && { link: nameFromTar(entry.link) };
    const plain = plainEntry(entry, { name: path, ...link }, ownership);
    const mtime = entry.mtime === 0 ? secondsOf(pathBelow(root, path)) : entry.mtime;
    yield { entry: { ...plain, mtime: Math.min(mtime, latestTime) }, body: bytes ?? body };
    if (isOpaque(entry)) {
      onOpaque?.(path);
      yield { entry: marker(`${path}/${OPAQUE}`) };
    }
    next = await entries.next();
  }
  if (!next.done) throw new Error(`diff: unexpected entry ${shownName(byteString(next.value.entry.name))}`);
  await finish();
}

/** For a time that may be one that the header could not say; 0 for a file that went away. */
function secondsOf(path: Buffer): number {
  return Math.floor((lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) / 1000);
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
