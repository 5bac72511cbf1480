export interface CollectedLines {
  readonly write: (text: string) => void;
  /** Writes what is collected. */
  readonly flush: () => void;
}

/**
 * Collects lines, and writes those of one turn of the event loop at once: a busy service ends many requests in a turn,
 * and a system call for each line costs as much as the rest of it. What is collected when the process ends is written.
 */
export function linesTogether(write: (text: string) => void): CollectedLines {
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') write(text);
  };
  process.on('exit', flush);
  return {
    write: (text) => {
      if (lines === '') setImmediate(flush);
      lines += text;
    },
    flush,
  };
}
