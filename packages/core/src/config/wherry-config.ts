import { readConfigFile } from './json-file.ts';
import { isLocation, isPrefix } from './name-prefix.ts';
import { parseToml, type TomlTable } from './toml-table.ts';
import { readTrustRules, type TrustRule } from './trust-rules.ts';

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

/** `[build]`: what a build leaves of the build cache. */
export interface BuildCacheSettings {
  /** A size such as `20GB`, or `unlimited`. */
  readonly keepStorage?: string;
  /** A duration such as `336h`: what was not used for so long goes. */
  readonly keepAge?: string;
}

/** wherry's own configuration. */
export interface WherryConfig {
  readonly registries: readonly RegistryRule[];
  readonly trust: readonly TrustRule[];
  /** Layers fetched or sent at once. */
  readonly jobs?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly build: BuildCacheSettings;
}

const EMPTY: WherryConfig = { registries: [], trust: [], headers: {}, build: {} };
const SIZE = /^(?:unlimited|\d+(?:\.\d+)?(?:[kmgtp]i?)?b?)$/i;
const DURATION = /^(?:\d+(?:\.\d+)?[hms])+$/;
const MAX_JOBS = 256;

/** Reads the file; what is not set has its default, as when there is no file. Throws `INVALID_CONFIG`. */
export async function readWherryConfig(path: string): Promise<WherryConfig> {
  const text = await readConfigFile(path);
  return text === undefined ? EMPTY : parseWherryConfig(text, path);
}

/** Parses TOML. Throws `INVALID_CONFIG` with file, line and column, or with the key that is wrong. */
export async function parseWherryConfig(text: string, path: string): Promise<WherryConfig> {
  return readDocument(await parseToml(text, path));
}

function readDocument(table: TomlTable): WherryConfig {
  const registries = table.tables('registry').map(readRegistry);
  const trust = readTrustRules(table.table('trust'));
  const jobs = table.integer('jobs', 1, MAX_JOBS);
  const http = table.table('http');
  const headers = http?.strings('headers') ?? {};
  http?.end();
  const build = readBuild(table.table('build'));
  table.end();
  return { registries, trust, ...(jobs === undefined ? {} : { jobs }), headers, build };
}

function readBuild(table: TomlTable | undefined): BuildCacheSettings {
  const isSize = (text: string) => SIZE.test(text);
  const isDuration = (text: string) => DURATION.test(text);
  const keepStorage = table?.string('keep-storage', isSize, 'want a size such as "20GB", or "unlimited"');
  const keepAge = table?.string('keep-age', isDuration, 'want a duration such as "336h"');
  table?.end();
  return {
    ...(keepStorage !== undefined && { keepStorage: keepStorage.toLowerCase() }),
    ...(keepAge !== undefined && { keepAge }),
  };
}

function readRegistry(table: TomlTable): RegistryRule {
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

function readMirror(table: TomlTable): MirrorRule {
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
