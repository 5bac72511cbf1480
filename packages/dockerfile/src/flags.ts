import { DockerfileError } from './errors.ts';
import type { Statement } from './statement.ts';
import { suggest, withSuggestion } from './suggest.ts';

/** `list`: may be given again. */
export type FlagKind = 'text' | 'list' | 'boolean';

/** The flags of one instruction. */
export interface Flags {
  /** `undefined`: not given. */
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  boolean(name: string): boolean | undefined;
}

/**
 * Reads the flags of an instruction, given the ones it has.
 * Throws `DockerfileError` of the kind `instruction`.
 */
export function readFlags({ flags }: Statement, kinds: Readonly<Record<string, FlagKind>>): Flags {
  const known = new Map(Object.entries(kinds));
  const given = new Map<string, string[]>();
  for (const flag of flags) {
    const separator = flag.indexOf('=');
    const name = flag.slice(2, separator < 0 ? undefined : separator);
    const value = separator < 0 ? undefined : flag.slice(separator + 1);
    const kind = known.get(name);
    if (kind === undefined) throw bad(withSuggestion(`unknown flag: --${name}`, suggest(name, known.keys())));
    const values = given.get(name) ?? [];
    if (kind !== 'list' && values.length > 0) throw bad(`duplicate flag specified: --${name}`);
    values.push(checked(name, kind, value));
    given.set(name, values);
  }
  return {
    text: (name) => given.get(name)?.[0],
    list: (name) => given.get(name) ?? [],
    boolean: (name) => (given.has(name) ? given.get(name)?.[0] === 'true' : undefined),
  };
}

function checked(name: string, kind: FlagKind, value: string | undefined): string {
  if (kind !== 'boolean') {
    if (value === undefined) throw bad(`missing a value on flag: --${name}`);
    return value;
  }
  if (value === undefined) return 'true';
  if (value === '') throw bad(`missing a value on flag: --${name}`);
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw bad(`expecting boolean value for flag --${name}, not: ${value}`);
  return lower;
}

function bad(message: string): DockerfileError {
  return new DockerfileError('instruction', message);
}
