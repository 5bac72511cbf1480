import type { GoldenCase } from './cases.ts';
import { screenAfter } from './screen.ts';

/** What a run gave, as text that two runs share. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What is left behind, such as a file's content and mode. */
  readonly effects?: object;
}

const MADE = '<made>';
const HEX = /\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g;
const MOMENTS = /(?:Less than a second|\d+ seconds?)(?= ago)|(?<=\bUp )(?:Less than a second|\d+ seconds?)/g;
/** When images and containers were made, and what stands in for them. */
const MADE_AT = /2026-11-23 21:(?:4(?:5:2\d|[78]:\d\d)|56:3\d)/g;
/** What `ls -l` tells of a directory: how large it is depends on the file system. */
const DIRECTORY_LINE = /^(d\S+ +\d+ \w+ +\w+) +\d+ \w{3} +\d+ \d\d:\d\d/gm;
/** What newer runtimes say besides of a program that cannot be started. */
const INIT_STEP = 'error during container init: ';
/** Where Go has what a pointer points to. */
const ADDRESSES = /0xc[0-9a-f]{9}\b/g;
const RED = '\x1b[91m';
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's control characters
const RED_TEXT = /\x1b\[91m([^\x1b]*)\x1b\[0m/g;
/** Behind the line that says that a step runs, up to the next line of the builder's. */
const STEP_OUTPUT = /(?<=^ ---> Running in \S+\n)(?:(?!Removing |The command | ---> |Step ).*\n)+/gm;
/** What a carriage return lets the rest of the line overwrite. */
const OVERWRITTEN = /^[^\r\n]*\r(?=[^\r\n])/gm;
const PASSING_PHASE = /^[0-9a-f]{12}: (?:Waiting|Verifying Checksum|Download complete|Extracting.*)$/;
const PUSHED_PHASE = /^[0-9a-f]{12}: (?:Pushed|Layer already exists|Mounted from .*)$/;

/**
 * Takes out of a text, whoever wrote it, what another run of the same program would print differently.
 * `isLasting` tells of a digest, which may be cut short, that every run has it.
 */
export function normalise(text: string, isLasting: (hex: string) => boolean): string {
  const shown = text
    .replace(OVERWRITTEN, '')
    .replace(/"GraphDriver": \{[\s\S]*?\n {8}\}/g, '"GraphDriver": <driver>')
    .replace(/"GraphDriver":\{"Data":.*?,"Name":"[^"]*"\}/g, '"GraphDriver":<driver>')
    .replace(/\{map\[(?:LowerDir:[^\]]*\] overlay2|\] wherry)\}/g, '<driver>')
    .replace(/^(wherry version )\S+$/m, '$1<version>')
    .replace(/"DockerVersion": "(?:20\.10\.24\+dfsg1)?"/g, '"DockerVersion": <version of the engine>')
    .replace(/"LastTagTime": "2[^"]*"/g, '"LastTagTime": <time>')
    .replace(/(?<=Mounted from )\S+/g, '<repository>')
    .replace(HEX, (hex) => (isLasting(hex) ? hex : MADE))
    .replace(MOMENTS, '<moments>')
    .replace(MADE_AT, '<moment>')
    .replace(DIRECTORY_LINE, '$1 <bytes> <moment>')
    .replaceAll(INIT_STEP, '')
    .replace(ADDRESSES, '<address>');
  const lines = sortRecords(shown)
    .split('\n')
    .filter((line) => !PASSING_PHASE.test(line));
  // A made image has an age of its own, and the columns are as wide as it is.
  const isOfMade = lines.some((line) => line.includes(MADE) || line.includes('<moments>'));
  const cells = isOfMade ? lines.map((line) => line.replace(/ {2,}/g, '  ').trimEnd()) : lines;
  return sortRuns(sortRuns(sortRuns(cells, phaseOf), imageOf), pruned(cells)).join('\n');
}

/**
 * What steps of a build printed, in an order that two runs share: which of their two outputs is read first is chance.
 * A line of the error output begins with its colour.
 */
export function withSortedOutput(text: string): string {
  const coloured = text.replace(RED_TEXT, (_, red: string) => red.replace(/^(?=.)/gm, RED));
  return coloured.replace(STEP_OUTPUT, (lines) => `${lines.split('\n').slice(0, -1).sort().join('\n')}\n`);
}

/** A prune of all images takes them in no fixed order. */
function pruned(lines: readonly string[]): (line: string) => string | undefined {
  const isOfAll = lines.includes('Deleted Images:') && lines.some((line) => line.startsWith('untagged: '));
  return (line) => (isOfAll && /^(?:untagged|deleted): /.test(line) ? 'pruned' : undefined);
}

/**
 * Docker's text with wherry's name, without what only a daemon says, and without two plain slips: a letter
 * before `Run`, and the empty line of a progress that is nothing.
 */
export function asWherry(text: string, recorded: GoldenCase): string {
  return text
    .replace(BUILDER_BANNER, '')
    .replaceAll('docker: Error response from daemon: ', 'docker: ')
    .replaceAll('Error response from daemon: ', 'Error: ')
    .replace(PUBLISHED_PORT, '')
    .replace(/^error during connect: Post "[^"]*": /gm, 'Error: ')
    .replaceAll('Error processing tar file(exit status 1): ', '')
    .replace(/\/var\/lib\/docker\/tmp\/docker-import-\d+\//g, '')
    .replace(/(?<=^|(?<!require )'|Usage: {2}|unknown command: |^ {2}|^ {2}.*, )docker(?=[ :'])/gm, 'wherry')
    .replace(/^Docker version (\S+), build \S+$/m, 'wherry version $1')
    .replace('the Docker version information', 'the wherry version information')
    .replaceAll("SRun 'wherry", "Run 'wherry")
    .replace(/^(Downloading from .*|Step \d+\/\d+ : ADD https?:.*)\n\n/m, '$1\n')
    .replace(REPOSITORY_CASE, () => `repository name (${upperCaseName(recorded)}) must be lowercase`);
}

/** What the newer client says of its own builder, before anything else. */
const BUILDER_BANNER = /^DEPRECATED: The legacy builder [\s\S]*?\n\n/;

/** A port that a recorded container publishes on the host: none here has one. */
const PUBLISHED_PORT = /\b127\.0\.0\.1:\d+-(?:>|\\u003e)\d+\/tcp/g;

/**
 * What the recorded daemon said of a name that the client had not looked at. The newer client's words for it,
 * where it looks itself, name the repository, and so do those of its own daemon.
 */
const REPOSITORY_CASE = /repository name must be lowercase/g;

function upperCaseName({ argv, files = {}, setup = '' }: GoldenCase): string {
  const [, base] = /^FROM ([\w./]+)/m.exec(files.Dockerfile ?? '') ?? [];
  if (base !== undefined) return base.includes('/') ? base : `library/${base}`;
  const [name = ''] = /\b[\w./]*[A-Z][\w./]*/.exec([...argv, setup.replace('RepoTags', '')].join(' ')) ?? [];
  return name.includes('/') ? name : `library/${name}`;
}

/** wherry's lines of an error without those that say what to do next, which Docker has not. */
export function withoutHints(actual: string, expected: string): string {
  const wanted = expected.split('\n');
  const kept: string[] = [];
  let hasHint = false;
  for (const line of actual.split('\n')) {
    const isHint: boolean =
      !hasHint && line !== '' && line !== wanted[kept.length] && kept.at(-1) === wanted[kept.length - 1];
    hasHint = isHint && kept.length > 0;
    if (!hasHint) kept.push(line);
  }
  return kept.join('\n');
}

export function screenText(output: string): string {
  return screenAfter(output).join('\n').trimEnd();
}

function phaseOf(line: string): string | undefined {
  return PUSHED_PHASE.test(line) ? 'pushed' : undefined;
}

/** Records of `--format raw`, each ended by an empty line, that are of one image have no order of their own. */
function sortRecords(text: string): string {
  const records = text.startsWith('repository: ') ? text.split(/(?<=\n\n)/) : [text];
  return sortRuns(records, (record) => /^image_id: .*$/m.exec(record)?.[0]).join('');
}

/** Rows of one image have no order of their own. */
function imageOf(line: string): string | undefined {
  return / (?<id>[0-9a-f]{12}|<made>|sha256:\S+) +(?:\S+ )+ago +\S+$/.exec(line)?.groups?.id;
}

/** Sorts neighbours that have the same key. */
function sortRuns(lines: readonly string[], keyOf: (line: string) => string | undefined): string[] {
  const sorted: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const key = keyOf(lines[at] ?? '');
    let end = at + 1;
    while (key !== undefined && end < lines.length && keyOf(lines[end] ?? '') === key) end++;
    sorted.push(...lines.slice(at, end).sort());
    at = end;
  }
  return sorted;
}
