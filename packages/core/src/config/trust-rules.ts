import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';
import type { Reference } from '../reference.ts';
import { isPrefix, longestMatch } from './name-prefix.ts';
import type { TomlTable } from './toml-table.ts';

/** One `[trust."<prefix>"]`: whose signatures count for the names below the prefix. */
export interface TrustRule {
  /** `host[:port][/path]`, or `*.host`; the longest that matches a name counts, alone. */
  readonly prefix: string;
  /** Public keys, any of which will do: PEM texts, or the paths of their files. */
  readonly keys: readonly string[];
  /** Every pull verifies, asked for or not. */
  readonly required: boolean;
  /** For people: the file it stands in. */
  readonly source: string;
}

/** A public key's text, and where it came from. */
export interface NamedKey {
  /** For people: the file's path, or where in the configuration it stands. */
  readonly name: string;
  readonly pem: string;
}

const PEM_START = '-----BEGIN';
const MAX_KEYS = 100;
const MAX_KEY_BYTES = 64 * 1024;

/** Reads the `trust` table. Throws `INVALID_CONFIG`. */
export function readTrustRules(table: TomlTable | undefined): TrustRule[] {
  if (table === undefined) return [];
  return table.entries(isTrustPrefix, 'want host[:port][/path] or *.host').map(([prefix, entry]) => {
    const keys = entry.list('keys');
    if (keys.length === 0) throw entry.invalid('keys', 'must name a public key at least');
    if (keys.length > MAX_KEYS) throw entry.invalid('keys', `must be ${MAX_KEYS} at most`);
    const rule = { prefix, keys, required: entry.boolean('required'), source: entry.path };
    entry.end();
    return rule;
  });
}

/** The rule that speaks for a name. Registries' hosts are compared as hosts are: capitals do not count. */
export function trustRuleFor(ref: Reference, rules: readonly TrustRule[]): TrustRule | undefined {
  return longestMatch({ ...ref, domain: ref.domain.toLowerCase() }, rules);
}

/**
 * Reads a rule's keys; relative paths begin where the configuration lies, not where the user happens to be.
 * Throws `INVALID_CONFIG`, naming the key.
 */
export async function readTrustKeys(rule: TrustRule): Promise<NamedKey[]> {
  return Promise.all(
    rule.keys.map(async (key, index) => {
      const place = `${rule.source}: key ${index + 1} of trust."${rule.prefix}"`;
      if (key.trimStart().startsWith(PEM_START)) return { name: place, pem: key };
      const name = resolve(dirname(rule.source), key);
      return { name, pem: await readKeyFile(name, place) };
    }),
  );
}

async function readKeyFile(path: string, place: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const reason = isErrno(cause, 'ENOENT') ? 'is not there' : `cannot be read: ${(cause as Error).message}`;
    throw new WherryError('INVALID_CONFIG', `${place}: ${path} ${reason}`, { cause });
  }
  if (text.length > MAX_KEY_BYTES)
    throw new WherryError('INVALID_CONFIG', `${place}: ${path} is larger than ${MAX_KEY_BYTES} bytes`);
  return text;
}

/** What could never stand for a name is refused: a rule that is passed over would be taken for protection. */
function isTrustPrefix(text: string): boolean {
  if (!isPrefix(text) || text.endsWith('/') || text !== text.toLowerCase()) return false;
  return !(text.startsWith('*.') && text.includes('/')) && !/^index\.docker\.io(?:\/|$)/.test(text);
}
