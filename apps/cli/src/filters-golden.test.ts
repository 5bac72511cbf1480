import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOLDEN, lastingDigests, RecordedStores } from './testing/recorded-store.ts';
import { runCli } from './testing/run-cli.ts';

interface GoldenCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly typed?: readonly string[];
  readonly state_before?: { readonly images: readonly string[]; readonly containers: readonly string[] };
  readonly exit: number;
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly tty_output?: string;
}

const isThere = existsSync(GOLDEN);
const lasting = isThere ? lastingDigests() : new Set<string>();

function readCases(file: string): GoldenCase[] {
  return isThere ? JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')).cases : [];
}

/** The cases with filters, and all of the prune's, whose state can be made again. */
function playable(): GoldenCase[] {
  const lists = readCases('images.json').filter(
    ({ argv }) => argv.some(isFilterFlag) && !argv.includes('--format'),
  );
  return [...lists, ...readCases('image-prune.json')].filter(
    ({ argv, state_before: before }) =>
      // There are no containers yet.
      (before?.containers ?? []).length === 0 &&
      // Steps of a build cannot be made without one, and only these lists show them.
      !(argv[1] === '-a' && argv[0] === 'images' && before?.images.some((line) => line.includes('<none>'))),
  );
}

function isFilterFlag(word: string): boolean {
  return word === '-f' || word.startsWith('--filter');
}

/** Docker's text with wherry's name, and without what only a daemon says. */
function asWherry(lines: readonly string[] = []): string {
  return lines
    .join('\n')
    .replaceAll('Error response from daemon: ', 'Error: ')
    .replaceAll('docker', 'wherry');
}

/** Takes out what another run prints differently, and what differs on purpose: which bytes are counted. */
function normalise(text: string): string {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, (hex) => (isLasting(hex) ? hex : '<made>'))
      .replace(/(?:Less than a second|\d+ seconds?) ago/, '<moments>')
      .replace(/(<moments> +)\S+B$/, '$1<size>')
      .replace(/^(Total reclaimed space: )(?!0B)\S+/, '$1<bytes>'),
  );
  const shown = lines.some((line) => line.includes('<moments>'))
    ? lines.map((line) => line.replace(/ {2,}/g, '  '))
    : lines;
  const [rows, gone] = [shown.filter((line) => !isRemoval(line)), shown.filter(isRemoval)];
  // What was made goes in as many steps as the build had; the order of what goes is no fixed one.
  return [...new Set(gone.sort()), ...inOrder(rows)].join('\n');
}

function isRemoval(line: string): boolean {
  return /^(?:deleted|untagged): /.test(line);
}

function isLasting(hex: string): boolean {
  return [...lasting].some((digest) => digest.startsWith(hex));
}

/** Rows of one image have no order of their own. */
function inOrder(lines: readonly string[]): string[] {
  const idOf = (line: string) => / ([0-9a-f]{12}|<made>) +/.exec(line)?.[1];
  const sorted: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const id = idOf(lines[at] ?? '');
    let end = at + 1;
    while (id !== undefined && id !== '<made>' && end < lines.length && idOf(lines[end] ?? '') === id) end++;
    sorted.push(...lines.slice(at, end).sort());
    at = end;
  }
  return sorted;
}

/** What a terminal showed, without the echo of what was typed. */
function printed({ tty_output: output, typed = [], stdout }: GoldenCase): string {
  if (output === undefined) return asWherry(stdout);
  return output.replaceAll('\r\n', '\n').replace(`[y/N] ${typed.join('')}`, '[y/N] ');
}

describe.skipIf(!isThere)('with filters, as the recorded client', () => {
  let stores: RecordedStores;
  beforeAll(async () => {
    stores = await RecordedStores.start();
  });
  afterAll(async () => await stores[Symbol.asyncDispose]());

  test('has cases to replay', () => expect(playable().length).toBeGreaterThan(45));

  test.each(playable())('$argv ($name)', async (recorded) => {
    const { argv, exit, stdin = '', typed = [], stderr, state_before: before } = recorded;
    const engine = await stores.open(before?.images ?? []);
    const result = await runCli(argv, {
      engine,
      stdin: stdin + typed.join(''),
      ...(recorded.tty_output !== undefined && { tty: { columns: 120, rows: 40 } }),
      now: new Date(),
    });
    expect(result.exitCode).toBe(exit);
    expect(normalise(result.stdout)).toBe(normalise(printed(recorded)));
    const wanted = asWherry(stderr);
    // What to do next is said in one more line.
    expect(result.stderr.slice(0, wanted.length)).toBe(wanted);
    expect(result.stderr.slice(wanted.length).split('\n').length).toBeLessThanOrEqual(2);
    expect((await engine.check()).faults).toEqual([]);
  });

  test.each(['images --help', 'image ls --help', 'image prune --help'])(
    'offers what %s does',
    async (line) => {
      const { stdout = [] } = readCases('help.json').find(({ argv }) => argv.join(' ') === line) ?? {};
      const result = await runCli(line.split(' '));
      const isTemplate = (text: string) => /^ {24}|--format/.test(text);
      for (const text of stdout.filter((each) => !isTemplate(each)))
        expect(result.stdout.split('\n')).toContain(asWherry([text]));
    },
  );
});
