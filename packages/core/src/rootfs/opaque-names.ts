import { OVERLAY_OPAQUE } from './overlay-marks.ts';
import { nameFromTar } from './plain-entry.ts';
import { readFiles, waitingTar } from './tar-files.ts';
import { startTarOf } from './tar-list.ts';

/** Finds which of the named directories of an overlay's upper directory hide what is below them. */
export async function opaqueNames(
  upper: string,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const opaque = new Set<string>();
  if (directories.length === 0) return opaque;
  await using files = readFiles(waitingTar(startTarOf(upper, signal)), directories, signal);
  try {
    for (let next = await files.entries.next(); !next.done; next = await files.entries.next()) {
      const { entry } = next.value;
      if ([...(entry.xattrs?.keys() ?? [])].some((key) => OVERLAY_OPAQUE.test(key)))
        opaque.add(nameFromTar(entry.name));
    }
    await files.finish();
  } catch (error) {
    throw await files.explain(error);
  }
  return opaque;
}
