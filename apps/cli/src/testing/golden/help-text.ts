import type { Outcome } from './normalise.ts';

/** An option or a command in a help text, with what the text says of it in one line. */
interface HelpEntry {
  /** `-f, --filter filter`, or a command's name. */
  readonly name: string;
  readonly text: string;
}

/** A list's line: a name, and perhaps the beginning of its text. What is further in goes on with a text. */
const ENTRY = /^ {2,6}(?<name>\S.*?)(?: {2,}(?<text>.*))?$/;
const USAGE = /^Usage: {2}/m;
const HEADING = /^(?:\S+ )?(?:Options|Commands):$/;

/** Whether a text explains a command. */
export function isHelp(text: string): boolean {
  return USAGE.test(text) && text.split('\n').some((line) => HEADING.test(line));
}

/** The names of the options and commands that a help text lists. */
export function listedNames(text: string): string[] {
  return sectionsOf(text).flatMap(({ entries }) => entries.map(({ name }) => name));
}

/**
 * Takes out of wherry's help texts what only wherry has: options and commands between Docker's, which must be
 * there in the same order with the same texts. They make a column wider, and lines break elsewhere: then both
 * texts get one form, with each entry in one line.
 */
export function comparableHelp<T extends { readonly actual: Outcome; readonly expected: Outcome }>(
  both: T,
): T {
  const { actual, expected } = both;
  for (const stream of ['stdout', 'stderr'] as const) {
    if (!USAGE.test(expected[stream]) || !isHelp(actual[stream])) continue;
    const known = new Set(listedNames(expected[stream]));
    if (listedNames(actual[stream]).every((name) => known.has(name))) continue;
    return {
      ...both,
      expected: { ...expected, [stream]: laidOut(expected[stream], known) },
      actual: { ...actual, [stream]: laidOut(actual[stream], known) },
    };
  }
  return both;
}

/** A part of a help text: its lines as they are, or a list. */
interface Section {
  readonly lines: readonly string[];
  readonly entries: readonly HelpEntry[];
}

function laidOut(text: string, known: ReadonlySet<string>): string {
  return sectionsOf(text)
    .flatMap(({ lines, entries }) => {
      const shared = entries.filter(({ name }) => known.has(name));
      // A list that has nothing of Docker's is one option more: its heading goes, with the empty line before it.
      const kept = entries.length > 0 && shared.length === 0 ? lines.slice(0, -2) : lines;
      return [...kept, ...shared.map((entry) => `  ${entry.name}  ${entry.text}`)];
    })
    .join('\n');
}

/** Each list follows lines that end with its heading. */
function sectionsOf(text: string): Section[] {
  const sections: { lines: string[]; entries: HelpEntry[] }[] = [{ lines: [], entries: [] }];
  let isList = false;
  for (const line of text.split('\n')) {
    const { name, text: words = '' } = (isList && ENTRY.exec(line)?.groups) || {};
    const entries = sections.at(-1)?.entries ?? [];
    const last = entries.at(-1);
    if (name !== undefined) entries.push({ name, text: words.trim() });
    else if (isList && line.startsWith('  ') && last !== undefined)
      entries[entries.length - 1] = { ...last, text: `${last.text} ${line.trim()}`.trim() };
    else {
      if (isList) sections.push({ lines: [], entries: [] });
      isList = HEADING.test(line);
      sections.at(-1)?.lines.push(line);
    }
  }
  return sections;
}
