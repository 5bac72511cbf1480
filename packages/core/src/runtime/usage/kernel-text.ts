/** Linux tells user space of no other length of a tick: sysconf(3), `_SC_CLK_TCK`. */
export const TICK_NS = 10_000_000;

/** A file that is one number. `undefined`: there is no file, or it says that there is no limit. */
export function wholeNumber(text: string | undefined): number | undefined {
  const word = text?.trim();
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : undefined;
}

/** A file of lines that are a name and a number each; others, such as one that is cut, are passed over. */
export function keyedNumbers(text = ''): Readonly<Record<string, number>> {
  const pairs = text.split('\n').flatMap((line) => {
    const [, name, number] = /^(\S+) (\d+)$/.exec(line.trim()) ?? [];
    return name === undefined ? [] : [[name, Number(number)] as const];
  });
  return Object.fromEntries(pairs);
}

/** The numbers of a line of them. */
export function numbersOf(text = ''): readonly number[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number);
}
