import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  factsOf,
  type ImageFacts,
  makeStandIns,
  RecordedImages,
  type Searchable,
} from '@wherry/core/testing/golden';
import type { CaseState, GoldenCase } from './cases.ts';
import type { Recording } from './recording.ts';

/** The project's own copy of the recordings; its README describes the format. */
export const COPY = fileURLToPath(new URL('../../../../../e2e/golden', import.meta.url));

const CASES = 'cases';
const IMAGES = 'images.json';
const SEARCHABLE = 'searchable.json';

/** Cases of one command. A case names its state by its place in the list. */
interface CopyFile {
  readonly states: readonly CaseState[];
  readonly cases: readonly CopiedCase[];
}

interface CopiedCase extends Omit<GoldenCase, 'id' | 'file' | 'supersededBy' | 'state_before'> {
  readonly state?: number;
}

/** Reads the copy. Its images are stand-ins. */
export function readCopy(directory = COPY): Recording {
  const names = readdirSync(join(directory, CASES)).filter((name) => name.endsWith('.json'));
  const cases = names.sort().flatMap((name) => {
    const file = name.slice(0, -'.json'.length);
    const { states, cases: copied } = readJson<CopyFile>(join(directory, CASES, name));
    return copied.map(({ state, ...rest }): GoldenCase => {
      const before = state === undefined ? undefined : states[state];
      return { ...rest, file, id: `${file}/${rest.name}`, ...(before && { state_before: before }) };
    });
  });
  return { cases, ...readSurroundings(directory) };
}

/** What cases of any folder with the same images need. */
export function readSurroundings(directory = COPY): Omit<Recording, 'cases'> {
  return {
    images: new RecordedImages(makeStandIns(readJson<ImageFacts>(join(directory, IMAGES)))),
    searchable: readJson<Searchable[]>(join(directory, SEARCHABLE)),
  };
}

/** Writes a copy that has these cases of a recording; returns how many bytes it has. */
export async function writeCopy(
  recording: Recording,
  cases: readonly GoldenCase[],
  directory = COPY,
): Promise<number> {
  rmSync(join(directory, CASES), { recursive: true, force: true });
  mkdirSync(join(directory, CASES), { recursive: true });
  let bytes = 0;
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    bytes += Buffer.byteLength(text);
  };
  for (const [file, ofFile] of Map.groupBy(cases, (recorded) => recorded.file))
    write(join(CASES, `${file}.json`), textOf(ofFile));
  write(IMAGES, `${JSON.stringify(await factsOf(recording.images), undefined, 1)}\n`);
  write(SEARCHABLE, `${listOf(recording.searchable.map((one) => JSON.stringify(one)))}\n`);
  return bytes;
}

function textOf(cases: readonly GoldenCase[]): string {
  const states: string[] = [];
  const copied = cases.map(({ id: _, file: __, supersededBy: ___, state_before: before, ...rest }) => {
    if (before === undefined) return caseText(rest);
    // The order in which a daemon listed them tells nothing.
    const text = JSON.stringify({ ...before, images: [...before.images].sort() });
    const known = states.indexOf(text);
    const state = known < 0 ? states.push(text) - 1 : known;
    return caseText({ ...rest, state });
  });
  const stateTexts = states.map((text) => {
    const { images, containers } = JSON.parse(text) as CaseState;
    return `{"images": ${listOf(images.map((line) => JSON.stringify(line)))}, "containers": ${JSON.stringify(containers)}}`;
  });
  return `{"states": ${listOf(stateTexts)},\n"cases": ${listOf(copied)}}\n`;
}

/** One line for what describes the run, and one for each line of what came out. */
function caseText({ stdout, stderr, screen, ...described }: CopiedCase): string {
  const output = Object.entries({ stdout, stderr, screen }).flatMap(([name, lines]) => {
    if (lines === undefined || (Array.isArray(lines) && lines.join('\n') === '')) return [];
    const text = Array.isArray(lines)
      ? listOf(lines.map((line) => JSON.stringify(line)))
      : JSON.stringify(lines);
    return [`"${name}": ${text}`];
  });
  return [JSON.stringify(described).slice(0, -1), ...output].join(',\n ').concat('}');
}

function listOf(texts: readonly string[]): string {
  return texts.length === 0 ? '[]' : `[\n${texts.join(',\n')}\n]`;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
