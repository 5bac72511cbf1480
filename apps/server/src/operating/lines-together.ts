/**
 * Collects lines, and writes those of one turn of the event loop at once: a busy service ends many requests in a turn,
 * and a system call for each line costs as much as the rest of it. What is collected when the process ends is written.
 */
export function linesTogether(write: (text: string) => void): (text: string) => void {
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') write(text);
  };
  process.on('exit', flush);
  return (text) => {
    if (lines === '') setImmediate(flush);
    lines += text;
  };
}
