import { WherryError } from '../../errors.ts';
import type { VolumeRecord } from './volume-record.ts';

type Test = (volume: VolumeRecord) => boolean;
type IsUsed = (name: string) => boolean;

/** What the values of each filter mean together. */
const FILTERS: Readonly<Record<string, (values: readonly string[], isUsed: IsUsed) => Test>> = {
  dangling: (values, isUsed) => {
    const wanted = readBool('dangling', values);
    return ({ name }) => isUsed(name) !== wanted;
  },
  driver: (values) => () => values.includes('local'),
  label: (values) => {
    const tests = values.map(labelTest);
    return (volume) => tests.every((test) => test(volume));
  },
  name: (values) => {
    const tests = values.map(nameTest);
    return (volume) => tests.some((test) => test(volume));
  },
};

/** Those of `volumes` that fit Docker's filters, `name=value` each. Throws `INVALID_ARGUMENT` in Docker's words. */
export function matchVolumes(
  volumes: readonly VolumeRecord[],
  filters: readonly string[],
  isUsed: IsUsed,
): VolumeRecord[] {
  const tests = [...groupFilters(filters)].map(([name, values]) => {
    const make = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
    if (make !== undefined) return make(values, isUsed);
    throw new WherryError('INVALID_ARGUMENT', `Invalid filter '${name}'`, {
      hint: `the filters are: ${Object.keys(FILTERS).join(', ')}`,
      details: { filter: name },
    });
  });
  return volumes.filter((volume) => tests.every((test) => test(volume)));
}

/** The values of each filter by its name. */
function groupFilters(filters: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of filters) {
    const equals = text.indexOf('=');
    const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
    groups.set(name, [...(groups.get(name) ?? []), equals < 0 ? '' : text.slice(equals + 1).trim()]);
  }
  return groups;
}

/** Of both, yes counts. Throws `INVALID_ARGUMENT` in Docker's words. */
export function readBool(name: string, values: readonly string[]): boolean {
  const is = (...texts: string[]) => values.some((value) => texts.includes(value));
  if (is('true', '1')) return true;
  if (is('false', '0')) return false;
  throw new WherryError('INVALID_ARGUMENT', `Invalid filter '${name}=[${values.join(' ')}]'`, {
    hint: `want ${name}=true or ${name}=false`,
  });
}

function labelTest(text: string): Test {
  const equals = text.indexOf('=');
  const key = equals < 0 ? text : text.slice(0, equals);
  return ({ labels }) => Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
}

/** A regular expression; what is none matches nothing, as with Docker. */
function nameTest(text: string): Test {
  try {
    const pattern = new RegExp(text);
    return ({ name }) => pattern.test(name);
  } catch (error) {
    if (error instanceof SyntaxError) return ({ name }) => name === text;
    throw error;
  }
}
