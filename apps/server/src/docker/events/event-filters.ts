import type { Filters } from '../wire/filters.ts';
import { requireKnown } from '../wire/filters.ts';
import type { LoggedEvent } from './event-log.ts';

const KNOWN = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];
/** Filters that name something of one type, by its ID or the attribute `name`. */
const OF_TYPE = ['container', 'image', 'network', 'plugin', 'volume', 'daemon'];

/** Makes a test of `filters`: each must hold, of several values of one of them any. */
export function eventTest(filters: Filters): (event: LoggedEvent) => boolean {
  const tests = [...filters].map(([name, values]) => filterTest(name, values));
  return (event) => tests.every((test) => test(event));
}

/** Throws Docker's 400 for a filter of another name, from the API version on that refuses them. */
export function requireEventFilters(filters: Filters): void {
  requireKnown(filters, KNOWN);
}

function filterTest(name: string, values: readonly string[]): (event: LoggedEvent) => boolean {
  if (name === 'type') return ({ type }) => values.includes(type);
  if (name === 'event')
    return ({ action }) => values.some((value) => action === value || action.startsWith(`${value}:`));
  if (name === 'scope') return () => values.includes('local');
  if (name === 'label')
    return ({ attributes = {} }) =>
      values.every((value) => {
        const equals = value.indexOf('=');
        const key = equals < 0 ? value : value.slice(0, equals);
        return Object.hasOwn(attributes, key) && (equals < 0 || attributes[key] === value.slice(equals + 1));
      });
  if (OF_TYPE.includes(name))
    return ({ type, id, attributes }) =>
      type === name && values.some((value) => isNamed(value, id, attributes));
  return () => !KNOWN.includes(name);
}

/** By the whole ID, the beginning of one, or the name, with or without its tag. */
function isNamed(value: string, id: string, attributes: LoggedEvent['attributes'] = {}): boolean {
  const names = [attributes.name, attributes.image, id].filter((name) => name !== undefined);
  return id.startsWith(value) || names.some((name) => name === value || name.startsWith(`${value}:`));
}
