import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecordedImages, readRegistry, type Searchable } from '@wherry/core/testing/golden';
import { DOCKER_CONFIG, type GoldenCase, isText } from './cases.ts';
import { screenAfter } from './screen.ts';

/** What a replay needs. */
export interface Recording {
  readonly cases: readonly GoldenCase[];
  readonly images: RecordedImages;
  /** What the recorded search server knows, in its order. */
  readonly searchable: readonly Searchable[];
}

/** Where recordings lie beside a checkout. */
export const RECORDINGS = fileURLToPath(new URL('../../../../../../shared/golden', import.meta.url));

interface RecordingFile {
  readonly cases?: readonly RawCase[];
}

interface RawCase extends Omit<GoldenCase, 'id' | 'file' | 'screen'> {
  readonly tty_output?: string;
}

/** `<command>.json`, or `<command>.client-<version>.json` for the cases of an older client. */
const CASE_FILE = /^(?<command>.+?)(?<older>\.client-[\d.]+)?\.json$/;

/**
 * Reads a folder of recordings; its README describes the format. Images and the search server are those of
 * `fallback` where the folder has none.
 */
export function readFolder(directory: string, fallback: () => Omit<Recording, 'cases'>): Recording {
  const files = readdirSync(directory)
    .filter((name) => CASE_FILE.test(name))
    .map(
      (name) => ({ ...CASE_FILE.exec(name)?.groups, name }) as Record<'command' | 'older' | 'name', string>,
    )
    .sort((a, b) => Number(a.older !== undefined) - Number(b.older !== undefined));
  const known = new Map<string, string>();
  const cases = files.flatMap(({ command, older, name }) => {
    const { cases: raw = [] } = readJson<RecordingFile>(join(directory, name));
    return raw.map((one, at): GoldenCase => {
      const id = `${command}/${one.name}`;
      const newer = older === undefined ? undefined : known.get(id);
      if (newer === undefined) known.set(id, one.client);
      return {
        ...caseOf(one, raw[at - 1], command),
        id,
        ...(newer !== undefined && { supersededBy: newer }),
      };
    });
  });
  const tellOfAutomation = new Map(cases.filter(tellsOfAutomation).map(({ id, client }) => [id, client]));
  const registry = join(directory, 'fixtures', 'registry');
  const search = join(directory, 'search-server.json');
  return {
    cases: cases.map(({ supersededBy, ...recorded }) => {
      const holds = tellOfAutomation.get(recorded.id) ?? supersededBy;
      return {
        ...recorded,
        ...(holds !== undefined && holds !== recorded.client && { supersededBy: holds }),
      };
    }),
    images: existsSync(join(registry, 'index.json'))
      ? new RecordedImages(readRegistry(registry))
      : fallback().images,
    searchable: existsSync(search)
      ? readJson<{ answers: Searchable[] }>(search).answers
      : fallback().searchable,
  };
}

/**
 * Whether a search told which results are automated builds. Newer clients never do, and wherry does where a
 * registry says so, as the older client did.
 */
function tellsOfAutomation({ file, argv, exit, stdout }: GoldenCase): boolean {
  if (file !== 'search' || exit !== 0 || !isText(stdout)) return false;
  if (argv.some((word) => word.includes('.IsAutomated'))) return true;
  // Behind the mark of an official image stand the blanks of the last column.
  const isMarked = stdout?.[0]?.includes('AUTOMATED') && stdout.some((line) => line.endsWith('[OK]'));
  return isMarked === true && !argv.some((word) => word.includes('is-automated'));
}

function caseOf({ tty_output: output, ...raw }: RawCase, before: RawCase | undefined, file: string) {
  const config = file === 'login' ? configBefore(raw, before) : undefined;
  return {
    ...raw,
    file,
    ...(output !== undefined && { screen: screenOf(output, raw.typed) }),
    ...(config !== undefined && { configBefore: config }),
  };
}

/** What stood on the terminal at the end, but for the echo of what was typed: nothing behind a replay echoes. */
function screenOf(output: string, typed: readonly string[] = []): readonly string[] {
  const printed = typed.length === 0 ? output : output.replace(/(^Username: |\[y\/N\] ).*\r?\n/m, '$1');
  return screenAfter(printed);
}

/** Docker's file before a login: what a failure left as it was, else what the run before it left. */
function configBefore({ argv, exit, effects, setup = '' }: RawCase, before?: RawCase): string | undefined {
  const [after, earlier] = [
    effects?.[DOCKER_CONFIG] ?? undefined,
    before?.effects?.[DOCKER_CONFIG] ?? undefined,
  ];
  if (after === undefined || setup.startsWith('nothing stored')) return undefined;
  if (exit !== 0 || earlier === undefined) return exit === 0 ? undefined : after;
  if (argv[0] !== 'login') return earlier;
  // Not every run is listed: one between the two may have logged out of the others.
  const kept = new Set(Object.keys(JSON.parse(after).auths));
  const auths = Object.entries(JSON.parse(earlier).auths).filter(([key]) => kept.has(key));
  return JSON.stringify({ auths: Object.fromEntries(auths) }, undefined, '\t');
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
