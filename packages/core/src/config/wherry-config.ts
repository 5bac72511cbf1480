import { WherryError } from '../errors.ts';
import { readConfigFile } from './json-file.ts';

/** Which requests a mirror is asked for. */
export type MirrorPull = 'all' | 'digest-only' | 'tag-only';

export interface MirrorRule {
  /** `[scheme://]host[:port][/path]`, in the place of the rule's prefix. */
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: MirrorPull;
  /** Sends `?ns=<domain>`, which tells a mirror of several registries which one is meant. */
  readonly sendNamespace: boolean;
}

/** One `[[registry]]`. */
export interface RegistryRule {
  /** `host[/path]`, or `*.host`; the longest that matches a name counts. */
  readonly prefix: string;
  /** Where the prefix really is. */
  readonly location?: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** File with the authorities to trust for this registry. */
  readonly ca?: string;
  readonly mirrors: readonly MirrorRule[];
  /** For people: the file it stands in. */
  readonly source: string;
}

/** wherry's own configuration. */
export interface WherryConfig {
  readonly registries: readonly RegistryRule[];
  /** Layers fetched or sent at once. */
  readonly jobs?: number;
  readonly headers: Readonly<Record<string, string>>;
}

const EMPTY: WherryConfig = { registries: [], headers: {} };
const MAX_JOBS = 256;

/** Reads the file; what is not set has its default, as when there is no file. Throws `INVALID_CONFIG`. */
export async function readWherryConfig(path: string): Promise<WherryConfig> {
  const text = await readConfigFile(path);
  return text === undefined ? EMPTY : parseWherryConfig(text, path);
}

/** Parses TOML. Throws `INVALID_CONFIG` with file, line and column, or with the key that is wrong. */
export async function parseWherryConfig(text: string, path: string): Promise<WherryConfig> {
  const { parse, TomlError } = await import('smol-toml');
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const { line, column, message } = cause;
    const reason = message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? message;
    throw new WherryError('INVALID_CONFIG', `${path}:${line}:${column}: ${reason}`, {
      details: { path, line, column },
      cause,
    });
  }
  return readDocument(new Table(document, '', text, path));
}

function readDocument(table: Table): WherryConfig {
  const registries = table.tables('registry').map(readRegistry);
  const jobs = table.integer('jobs', 1, MAX_JOBS);
  const http = table.table('http');
  const headers = http?.strings('headers') ?? {};
  http?.end();
  table.end();
  return { registries, ...(jobs === undefined ? {} : { jobs }), headers };
}

function readRegistry(table: Table): RegistryRule {
  const location = table.string('location', isLocation, 'want host[:port][/path]');
  const ca = table.string('ca');
  const rule = {
    prefix: table.required('prefix', isPrefix, 'want host[:port][/path] or *.host'),
    ...(location === undefined ? {} : { location }),
    insecure: table.boolean('insecure'),
    blocked: table.boolean('blocked'),
    ...(ca === undefined ? {} : { ca }),
    mirrors: table.tables('mirror').map(readMirror),
    source: table.path,
  };
  table.end();
  return rule;
}

function readMirror(table: Table): MirrorRule {
  const pull = table.string('pull', isMirrorPull, 'want "all", "digest-only" or "tag-only"') ?? 'all';
  const mirror = {
    location: table.required('location', isLocation, 'want host[:port][/path]'),
    insecure: table.boolean('insecure'),
    pull: pull as MirrorPull,
    sendNamespace: table.boolean('ns'),
  };
  table.end();
  return mirror;
}

function isMirrorPull(text: string): boolean {
  return text === 'all' || text === 'digest-only' || text === 'tag-only';
}

function isPrefix(text: string): boolean {
  return isLocation(text.replace(/^\*\./, '')) && !text.includes('://');
}

function isLocation(text: string): boolean {
  return /^(?:https?:\/\/)?(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?(?:\/[a-z0-9._/-]*)?$/.test(text);
}

/** A table of the file that knows which of its keys were read. */
class Table {
  readonly path: string;
  readonly #values: Record<string, unknown>;
  readonly #name: string;
  readonly #text: string;
  readonly #read = new Set<string>();

  constructor(values: Record<string, unknown>, name: string, text: string, path: string) {
    this.#values = values;
    this.#name = name;
    this.#text = text;
    this.path = path;
  }

  required(key: string, isValid: (text: string) => boolean, want: string): string {
    const value = this.string(key, isValid, want);
    if (value === undefined) throw this.#invalid(key, 'is missing');
    return value;
  }

  string(key: string, isValid: (text: string) => boolean = () => true, want = ''): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.#invalid(key, 'must be a string');
    if (!isValid(value)) throw this.#invalid(key, `is ${JSON.stringify(value)}, ${want}`);
    return value;
  }

  boolean(key: string): boolean {
    const value = this.#take(key) ?? false;
    if (typeof value !== 'boolean') throw this.#invalid(key, 'must be true or false');
    return value;
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw this.#invalid(key, `must be a whole number from ${min} to ${max}`);
    return value;
  }

  strings(key: string): Record<string, string> {
    const value = this.#take(key) ?? {};
    if (!isTable(value)) throw this.#invalid(key, 'must be a table');
    for (const [name, entry] of Object.entries(value)) {
      if (typeof entry !== 'string' || /[\r\n]/.test(entry))
        throw this.#invalid(`${key}.${name}`, 'must be a string of one line');
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [name.toLowerCase(), String(entry)]),
    );
  }

  table(key: string): Table | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!isTable(value)) throw this.#invalid(key, 'must be a table');
    return this.#child(value, key);
  }

  tables(key: string): Table[] {
    const value = this.#take(key) ?? [];
    if (!Array.isArray(value) || !value.every(isTable))
      throw this.#invalid(key, `must be written as [[${this.#full(key)}]]`);
    return value.map((entry) => this.#child(entry, key));
  }

  /** Throws for keys that nothing read: a typing error must not be silent. */
  end(): void {
    const unknown = Object.keys(this.#values).filter((key) => !this.#read.has(key));
    if (unknown.length > 0) throw this.#invalid(unknown.join(', '), 'is not a known key', unknown[0]);
  }

  #child(values: Record<string, unknown>, key: string): Table {
    return new Table(values, this.#full(key), this.#text, this.path);
  }

  #full(key: string): string {
    return this.#name === '' ? key : `${this.#name}.${key}`;
  }

  #take(key: string): unknown {
    this.#read.add(key);
    return this.#values[key];
  }

  #invalid(key: string, text: string, at = key): WherryError {
    const { line, column } = this.#position(at);
    return new WherryError('INVALID_CONFIG', `${this.path}:${line}:${column}: ${this.#full(key)} ${text}`, {
      details: { path: this.path, key: this.#full(key), line, column },
    });
  }

  /** Where a key first stands; the parser keeps no positions of what is well-formed. */
  #position(key: string): { line: number; column: number } {
    const last = key.split('.').at(-1) ?? key;
    const escaped = last.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const lines = this.#text.split('\n');
    const pattern = new RegExp(`(?:^|[\\s.{,[])["']?(${escaped})["']?\\s*[=\\].]`);
    const header =
      this.#name === ''
        ? -1
        : lines.findIndex(
            (line) => line.trim().endsWith(`[${this.#name}]`) || line.includes(`[[${this.#name}]]`),
          );
    for (let index = Math.max(0, header); index < lines.length; index++) {
      const found = pattern.exec(lines[index] ?? '');
      if (found !== null) return { line: index + 1, column: found.index + found[0].indexOf(last) + 1 };
    }
    return { line: Math.max(0, header) + 1, column: 1 };
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
