import { isWherryError, WherryError } from '../../errors.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { resolveImage } from '../resolve.ts';

type Test = (container: ContainerRecord) => boolean;

const STATUSES = new Set(['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']);

/** What each filter means, by its values: one that fits is enough. */
const FILTERS: Readonly<Record<string, (value: string, context: Context) => Test>> = {
  id:
    (value) =>
    ({ id }) =>
      id.startsWith(value),
  name: nameTest,
  status: statusTest,
  exited: exitTest,
  label: labelTest,
  ancestor: ancestorTest,
  before: (value, context) => orderTest(value, context, (at, other) => at > other),
  since: (value, context) => orderTest(value, context, (at, other) => at < other),
  volume: mountTest,
};

/** Filters all of whose values must fit. */
const CONJUNCTIVE = new Set(['label']);

interface Context {
  readonly metadata: MetadataStore;
  /** Newest first. */
  readonly containers: readonly ContainerRecord[];
}

/**
 * Those of `containers`, newest first, that fit Docker's filters, `name=value` each. Throws `INVALID_ARGUMENT`,
 * `CONTAINER_UNKNOWN` in Docker's words.
 */
export function matchContainers(
  metadata: MetadataStore,
  containers: readonly ContainerRecord[],
  filters: readonly string[],
): ContainerRecord[] {
  const context = { metadata, containers };
  const groups = Map.groupBy(filters.map(splitFilter), ([name]) => name);
  const tests = [...groups].map(([name, entries]): Test => {
    const make = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    if (make === undefined) throw invalid(`Invalid filter '${name}'`);
    const each = entries.map(([, value]) => make(value, context));
    return (container) =>
      CONJUNCTIVE.has(name) ? each.every((test) => test(container)) : each.some((test) => test(container));
  });
  return containers.filter((container) => tests.every((test) => test(container)));
}

function splitFilter(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  return [name.trim().toLowerCase(), equals < 0 ? '' : text.slice(equals + 1).trim()];
}

/** A regular expression for the name, with or without the slash that Docker puts before it. */
function nameTest(value: string): Test {
  const pattern = compile(value);
  return ({ name }) => pattern.test(name) || pattern.test(`/${name}`);
}

function compile(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`Invalid filter 'name=${value}'`);
    throw error;
  }
}

function statusTest(value: string): Test {
  if (!STATUSES.has(value)) throw invalid(`Invalid filter 'status=${value}'`);
  return ({ state }) => state.status === value;
}

function exitTest(value: string): Test {
  if (!/^[+-]?\d+$/.test(value))
    throw invalid(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  return ({ state }) => state.status === 'exited' && state.exitCode === Number(value);
}

function labelTest(value: string): Test {
  const [name, wanted] = splitLabel(value);
  return ({ labels }) => Object.hasOwn(labels, name) && (wanted === undefined || labels[name] === wanted);
}

function splitLabel(text: string): readonly [name: string, value: string | undefined] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Of the image itself, or of one that was made from it. */
function ancestorTest(value: string, { metadata }: Context): Test {
  const ancestor = imageIdOf(metadata, value);
  return ({ imageId, imageName }) => {
    if (ancestor === undefined) return imageName === value;
    const seen = new Set<string>();
    for (let id: string | undefined = imageId; id !== undefined && !seen.has(id); ) {
      if (id === ancestor) return true;
      seen.add(id);
      id = metadata.findImage(id as typeof ancestor)?.parent;
    }
    return false;
  };
}

function imageIdOf(metadata: MetadataStore, text: string) {
  try {
    return resolveImage(metadata, text).facts.id;
  } catch (error) {
    if (isWherryError(error, 'IMAGE_UNKNOWN', 'INVALID_REFERENCE')) return undefined;
    throw error;
  }
}

/** What a mount shows, a volume's name or a path on the host, or where it shows it. */
function mountTest(value: string): Test {
  return ({ options: { mounts = [] } }) =>
    mounts.some(
      (mount) =>
        mount.type !== 'tmpfs' &&
        (mount.target === value || (mount.type === 'volume' ? mount.name : mount.source) === value),
    );
}

function orderTest(
  value: string,
  { containers, metadata }: Context,
  isWanted: (at: number, other: number) => boolean,
): Test {
  const id = metadata.findContainer(value)?.id;
  if (id === undefined)
    throw new WherryError('CONTAINER_UNKNOWN', `no such container ${value}`, {
      details: { container: value },
    });
  const positions = new Map(containers.map((container, index) => [container.id, index]));
  const other = positions.get(id) ?? 0;
  return (container) => isWanted(positions.get(container.id) ?? 0, other);
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message);
}
