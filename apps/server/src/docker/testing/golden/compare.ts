import type { RecordedImages } from '@wherry/core/testing/golden';
import type { Exchange, Frame, RecordedBody } from './exchanges.ts';

/** An answer as two engines may give it alike. */
export interface Comparable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

/** Headers that both must have. `Server` names another program, and lengths follow the bodies. */
const HEADERS = ['content-type', 'docker-experimental', 'ostype', 'cache-control', 'pragma'];
/** All that a comparison looks at. */
export const COMPARED_HEADERS: readonly string[] = [...HEADERS, 'api-version'];
/** Passing states of a layer, of which chance says which are seen; and those in which it comes to rest. */
const PASSING = /^(?:Downloading|Download complete|Extracting|Verifying Checksum|Waiting|Pushing|Importing)$/;
const AT_REST = /^(?:Pushed|Layer already exists|Mounted from .*)$/;
const HEX = /\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g;
/** What only the program itself can tell: there the names of the members are compared. */
const OF_THE_PROGRAM = /\/(?:info|version|top|(?:containers|exec)\/(?:[^/]+\/)?json)$/;

export function comparable(
  exchange: Pick<Exchange, 'path' | 'response_body'>,
  answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: RecordedBody | undefined;
  },
  images: RecordedImages,
): Comparable {
  const { status, headers, body } = answer;
  const isProgram = OF_THE_PROGRAM.test(exchange.path) && status === 200;
  const isCut = exchange.response_body?.omitted_lines !== undefined;
  const shown = bodyOf(body, isCut);
  return {
    status,
    headers: {
      ...Object.fromEntries(HEADERS.map((name) => [name, headers[name]])),
      // The number is each engine's own; that there is one is not.
      'api-version': headers['api-version'] === undefined ? undefined : '<version>',
    },
    body: isProgram ? memberNames(shown) : withoutChance(shown, images),
  };
}

/** A stream of one message is a document too. */
function bodyOf(body: RecordedBody | undefined, isCut: boolean): unknown {
  if (body?.json_lines !== undefined)
    return linesWithoutChance([...body.json_lines, ...(body.json_lines_tail ?? [])], isCut);
  if (body?.multiplexed_frames !== undefined) return framesWithoutChance(body.multiplexed_frames);
  if (body?.json !== undefined) return isMessage(body.json) ? [body.json] : body.json;
  if (body?.tar_entries !== undefined) return '<archive>';
  return body?.text?.trim() === '' ? undefined : body?.text;
}

/** What a program printed: of its two outputs, which came first is chance. */
function framesWithoutChance(frames: readonly Frame[]): unknown[] {
  const shown = frames.map(({ stream, payload }) => ({
    stream,
    payload: payload.replace(/^\d{4}-\d\d-\d\dT\S+Z /gm, '<time> '),
  }));
  return sortedByText(shown);
}

function isMessage(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['stream', 'status', 'errorDetail'].some((name) => Object.hasOwn(value, name))
  );
}

/** What a recording may lack that was cut in the middle. */
const CUT = 'Pull complete';

/** The lines of a stream: each layer goes its own way, so that only what comes of it is compared, in order. */
function linesWithoutChance(lines: readonly unknown[], isCut: boolean): unknown[] {
  const kept = (lines as Record<string, unknown>[]).filter(
    ({ status }) => !PASSING.test(String(status)) && !(isCut && status === CUT),
  );
  const settled = kept.map((line) =>
    AT_REST.test(String(line.status)) ? { ...line, status: '<at rest>' } : line,
  );
  const fixed = settled.filter(({ status }) => status !== '<at rest>');
  const moving = settled.filter(({ status }) => status === '<at rest>').map((line) => JSON.stringify(line));
  const loading = new Set<string>();
  const once = fixed.filter((line) => {
    if (line.status !== 'Loading layer') return true;
    const isNew = !loading.has(String(line.id));
    loading.add(String(line.id));
    return isNew;
  });
  return [...once, ...moving.sort().map((line) => JSON.parse(line))];
}

/** Takes out of a document what another run would say differently. */
function withoutChance(value: unknown, images: RecordedImages): unknown {
  if (typeof value === 'string') return textWithoutChance(value, images);
  if (Array.isArray(value)) {
    const items = value.filter((item) => !isMadeImage(item, images));
    const shown = items.map((item) => withoutChance(item, images));
    return shown.every((item) => Object.hasOwn(Object(item), 'RepoTags')) ? sortedByText(shown) : shown;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    // A prune of all images takes them in no fixed order.
    if (name === 'ImagesDeleted' && Array.isArray(member))
      return [name, sortedByText(member.map((item) => withoutChance(item, images)))];
    if (name === 'GraphDriver') return [name, '<driver>'];
    if (name === 'LastTagTime' && !String(member).startsWith('0001')) return [name, '<time>'];
    if (name === 'Volumes' && Array.isArray(member)) return [name, '<volumes>'];
    return [name, withoutChance(member, images)];
  });
  return Object.fromEntries(members);
}

/** An element of a list of images that the recording had built. */
function isMadeImage(item: unknown, images: RecordedImages): boolean {
  const { Id: id, ParentId: parent } = Object(item) as { readonly Id?: unknown; readonly ParentId?: unknown };
  return (
    typeof parent === 'string' && typeof id === 'string' && !images.isLasting(id.slice('sha256:'.length))
  );
}

function sortedByText(items: readonly unknown[]): unknown[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function textWithoutChance(text: string, images: RecordedImages): string {
  return (
    text
      .replace(HEX, (hex) => (images.isLasting(hex) ? hex : '<made>'))
      .replaceAll('error during container init: ', '')
      .replaceAll('Error processing tar file(exit status 1): ', '')
      .replace(/\/var\/lib\/docker\/tmp\/docker-import-\d+\//g, '')
      // Engines of later versions name the repository.
      .replace(/repository name \(\S+\) must be/g, 'repository name must be')
      .replace(/(?<=supported API version is )\d\.\d+/g, '<version>')
  );
}

function memberNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(memberNames);
  if (typeof value !== 'object' || value === null) return '<value>';
  // A fault is the same whoever tells it.
  if (Object.hasOwn(value, 'message')) return value;
  return Object.keys(value).sort();
}
