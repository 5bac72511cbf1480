import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ImageFacts, makeStandIns, RecordedImages, type Searchable } from '@wherry/core/testing/golden';
import { COMPARED_HEADERS } from './compare.ts';
import type { ApiCase, ApiRecording, Exchange } from './exchanges.ts';
import { IN_ORDER, whyLeftOut } from './left-out.ts';

/** The project's own copy of the recordings; its README describes the format. */
const COPY = fileURLToPath(new URL('../../../../../../e2e/golden', import.meta.url));
const CASES = 'engine-api';

/** Cases of one file. A case names the images that it starts from by their place in the list. */
interface CopyFile {
  readonly scenes: readonly (readonly string[])[];
  readonly cases: readonly CopiedCase[];
}

interface CopiedCase extends Pick<ApiCase, 'exchanges' | 'containersBefore'> {
  readonly name: string;
  readonly scene?: number;
}

/** Reads the copy. Its images are stand-ins. */
export function readApiCopy(): ApiRecording {
  const names = readdirSync(join(COPY, CASES)).sort();
  return {
    cases: names.flatMap((name) => readCases(name.replace(/\.json$/, ''))),
    images: new RecordedImages(makeStandIns(readJson<ImageFacts>(join(COPY, 'images.json')))),
    searchable: readJson<Searchable[]>(join(COPY, 'searchable.json')),
  };
}

function readCases(file: string): ApiCase[] {
  const { scenes, cases } = readJson<CopyFile>(join(COPY, CASES, `${file}.json`));
  return cases.map(({ name, scene, ...rest }) => ({
    ...{ id: `${file}/${name}`, file, ...rest },
    ...(scene !== undefined && { imagesBefore: scenes[scene] ?? [] }),
  }));
}

/**
 * The copy of a recording, by the names of its files: what can be replayed, but for what runs a program of an image,
 * as stand-ins have none.
 */
export function copyOf({ cases, images }: ApiRecording): ReadonlyMap<string, string> {
  const copied = cases.filter((one) => !IN_ORDER.includes(one.file) && whyLeftOut(one, images) === undefined);
  const files = [...Map.groupBy(copied, ({ file }) => file)];
  return new Map(files.map(([file, ofFile]) => [`${file}.json`, textOf(ofFile)]));
}

/** Writes the copy of a recording; returns how many cases and bytes it has. */
export function writeApiCopy(recording: ApiRecording): { readonly cases: number; readonly bytes: number } {
  const directory = join(COPY, CASES);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  let bytes = 0;
  for (const [name, text] of copyOf(recording)) {
    writeFileSync(join(directory, name), text);
    bytes += Buffer.byteLength(text);
  }
  return { cases: readApiCopy().cases.length, bytes };
}

/** What the copy has now, as `copyOf` has it. */
export function readCopiedTexts(): ReadonlyMap<string, string> {
  const directory = join(COPY, CASES);
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** A line for each exchange, so that a change of a recording is seen as one. */
function textOf(cases: readonly ApiCase[]): string {
  const scenes: string[] = [];
  const copied = cases.map(({ id, file, imagesBefore, exchanges, ...rest }) => {
    const name = id.slice(file.length + 1);
    const scene = imagesBefore && placeOf(scenes, JSON.stringify(imagesBefore));
    const described = JSON.stringify({ name, ...(scene !== undefined && { scene }), ...rest });
    const lines = exchanges.map((exchange) => JSON.stringify(copiedExchange(exchange)));
    return `${described.slice(0, -1)},"exchanges":[\n${lines.join(',\n')}]}`;
  });
  return `{"scenes":[${scenes.map((scene) => `\n${scene}`)}],\n"cases":[\n${copied.join(',\n')}]}\n`;
}

function placeOf(texts: string[], text: string): number {
  const known = texts.indexOf(text);
  return known < 0 ? texts.push(text) - 1 : known;
}

/** Without the headers that are not compared. */
function copiedExchange({ response_headers: headers, ...rest }: Exchange): Exchange {
  const compared = Object.entries(headers).filter(([name]) => COMPARED_HEADERS.includes(name.toLowerCase()));
  return { ...rest, response_headers: Object.fromEntries(compared) };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
