import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Answers of the checks are kept this long: whoever asks often costs the store no more. */
const KEPT_MS = 1_000;

export interface ReadinessDeps {
  /** Directory of the store. */
  readonly root: string;
  /** Reads something small of the metadata; throws when it cannot. */
  readonly readMetadata: () => Promise<unknown>;
  /** Bytes that must be free where the store is; asked at each check. */
  readonly minFreeSpace: () => number;
  readonly now?: () => number;
}

/** Whether the service can do its work, asked by load balancers and clusters. */
export class Readiness {
  readonly #deps: ReadinessDeps;
  #last: { readonly at: number; readonly reasons: Promise<readonly string[]> } | undefined;
  #isDraining = false;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
  }

  /** From now on the service is not ready, as it is being stopped. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Why no requests should come here; empty: they may. Names no paths. */
  async reasons(): Promise<readonly string[]> {
    if (this.#isDraining) return ['the service is being stopped'];
    const now = (this.#deps.now ?? Date.now)();
    if (this.#last === undefined || now - this.#last.at >= KEPT_MS)
      this.#last = { at: now, reasons: checkStore(this.#deps) };
    return this.#last.reasons;
  }
}

async function checkStore({ root, readMetadata, minFreeSpace }: ReadinessDeps): Promise<readonly string[]> {
  const found = await Promise.all([
    failureOf('the store cannot be written', () => writeProbe(root)),
    failureOf('the metadata cannot be read', readMetadata),
    failureOf('the free space of the store cannot be told', async () => {
      const free = await freeSpace(root);
      const want = minFreeSpace();
      if (free < want) return `the store has ${free} bytes of free space, want ${want}`;
    }),
  ]);
  return found.filter((reason) => reason !== undefined);
}

/** Bytes that may still be written where `root` is. */
export async function freeSpace(root: string): Promise<number> {
  const { bavail, bsize } = await statfs(root);
  return bavail * bsize;
}

/** A file system that turned read-only tells so only to who writes. */
async function writeProbe(root: string): Promise<undefined> {
  const path = join(root, `.ready-${randomUUID()}`);
  try {
    await writeFile(path, '', { flag: 'wx' });
  } finally {
    await rm(path, { force: true });
  }
}

/** The reason that a check gives or fails with; every failure makes the service unready, whatever it is. */
async function failureOf(what: string, check: () => Promise<unknown>): Promise<string | undefined> {
  try {
    const reason = await check();
    return typeof reason === 'string' ? reason : undefined;
  } catch (error) {
    const code = (error as { code?: unknown } | undefined)?.code;
    return typeof code === 'string' ? `${what} (${code})` : what;
  }
}
