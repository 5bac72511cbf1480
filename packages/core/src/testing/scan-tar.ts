import { WherryError } from '../errors.ts';
import type { TarEntry, TarScanner } from '../tar/scanner.ts';

/** What a scanner made of a whole stream. */
export interface Scan {
  readonly entries: readonly TarEntry[];
  readonly error?: WherryError;
}

/** Runs a scanner over a stream; anything but a `WherryError` escapes. */
export function scanTar(scanner: TarScanner, chunks: readonly Uint8Array[]): Scan {
  const entries: TarEntry[] = [];
  try {
    for (const chunk of chunks) entries.push(...scanner.push(chunk));
    scanner.finish();
    return { entries };
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    return { entries, error };
  }
}
