import type { Io } from '../io.ts';
import { shortSize } from './human.ts';

/** A terminal is not written to more often. */
const UPDATE_MS = 75;
const CLEAR_LINE = '\r\u001b[2K';

export interface CopyProgress {
  readonly update: (bytes: number) => void;
  /** Takes the line away. */
  clear(): void;
}

/** Shows on a terminal how many bytes of a copy have gone; nothing on anything else. */
export function copyProgress({ now, stderr }: Pick<Io, 'now' | 'stderr'>, header: string): CopyProgress {
  let lastMs = 0;
  return {
    update: (bytes) => {
      const nowMs = now().getTime();
      if (!stderr.isTTY || nowMs - lastMs < UPDATE_MS) return;
      lastMs = nowMs;
      stderr.write(`${CLEAR_LINE}${header}${shortSize(bytes)}`);
    },
    clear: () => {
      if (lastMs > 0) stderr.write(CLEAR_LINE);
    },
  };
}
