import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecordedImages, readRegistry, type Searchable } from '@wherry/core/testing/golden';

/** Where recordings lie beside a checkout; elsewhere there are none. */
const RECORDINGS = fileURLToPath(new URL('../../../../../../../shared/golden', import.meta.url));

/** Bytes of one of a program's outputs. */
export interface Frame {
  readonly stream: string;
  readonly payload: string;
}

/** A body as a recording has it; its README describes the forms. */
export interface RecordedBody {
  readonly json?: unknown;
  readonly json_lines?: readonly unknown[];
  readonly json_lines_tail?: readonly unknown[];
  /** How many lines a long stream lacks in the middle. */
  readonly omitted_lines?: number;
  readonly multiplexed_frames?: readonly Frame[];
  readonly text?: string;
  readonly binary_bytes?: number;
  readonly tar_entries?: readonly string[];
}

export interface Exchange {
  readonly method: string;
  /** With its version, and percent signs as they were sent. */
  readonly path: string;
  readonly query?: string;
  readonly request_headers: Readonly<Record<string, string | { readonly raw: string }>>;
  readonly request_body?: RecordedBody;
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly response_body?: RecordedBody;
}

/** What one run of a client, or one plain request, exchanged with the engine. */
export interface ApiCase {
  /** The file's and the case's name: unique together. */
  readonly id: string;
  readonly file: string;
  /** Without the pings with which each run of a client begins. */
  readonly exchanges: readonly Exchange[];
  /** Lines of the images before it, and how many containers there were; absent for plain requests. */
  readonly imagesBefore?: readonly string[];
  readonly containersBefore?: number;
}

export interface ApiRecording {
  readonly cases: readonly ApiCase[];
  readonly images: RecordedImages;
  readonly searchable: readonly Searchable[];
}

interface RawCase {
  readonly name: string;
  readonly exchanges?: readonly Exchange[];
  readonly state_before?: { readonly images: readonly string[]; readonly containers: readonly string[] };
}

/** Requests of an engine to a registry, and of another client, are not the service's to answer. */
const OTHER_FILES = ['registry-http.json', 'requests.client-20.10.json'];

/** Reads the recorded exchanges; `undefined` where there are no recordings. */
export function readApiRecording(): ApiRecording | undefined {
  const directory = join(RECORDINGS, 'engine-api');
  if (!existsSync(directory)) return undefined;
  const files = readdirSync(directory).filter((name) => !OTHER_FILES.includes(name));
  return {
    cases: files.sort().flatMap((name) => readCases(name.replace(/\.json$/, ''))),
    images: new RecordedImages(readRegistry(join(RECORDINGS, 'fixtures', 'registry'))),
    searchable: readJson<{ answers: Searchable[] }>(join(RECORDINGS, 'search-server.json')).answers,
  };
}

function readCases(file: string): ApiCase[] {
  const { cases } = readJson<{ cases: RawCase[] }>(join(RECORDINGS, 'engine-api', `${file}.json`));
  const ofCommand = join(RECORDINGS, `${file}.json`);
  const runs = existsSync(ofCommand) ? readJson<{ cases: RawCase[] }>(ofCommand).cases : [];
  return cases.flatMap(({ name, exchanges = [] }) => {
    const isPing = name.startsWith('raw-ping');
    const kept = exchanges.filter(({ path }) => isPing || !path.endsWith('/_ping'));
    if (kept.length === 0) return [];
    const before = runs.find((run) => run.name === name)?.state_before;
    return {
      ...{ id: `${file}/${name}`, file, exchanges: kept },
      ...(before && { imagesBefore: before.images, containersBefore: before.containers.length }),
    };
  });
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
