import {
  isWherryError,
  parseDuration,
  parseHumanSize,
  parseUpstream,
  type TomlTable,
  type UpstreamSettings,
} from '@wherry/core';

const NANOSECONDS_PER_MS = 1e6;

/** `[mirror]` of the settings. */
export interface MirrorSettings {
  /** The registries that are mirrored; empty: the service is no mirror. */
  readonly upstreams: readonly UpstreamSettings[];
  /** Milliseconds in which an upstream is not asked again about a tag. */
  readonly tagTtlMs: number;
  /** Most bytes of cached content; absent: no limit. */
  readonly maxBytes?: number;
  /** Repositories whose content stays whatever the limit: `docker.io/library/*`. */
  readonly pins: readonly string[];
  /** Host names of this service that stand for one upstream each, with or without a port. */
  readonly hosts: Readonly<Record<string, string>>;
}

export const DEFAULT_MIRROR_SETTINGS: MirrorSettings = {
  upstreams: [],
  tagTtlMs: 5 * 60 * 1000,
  pins: [],
  hosts: {},
};

/** The keys of `[mirror]`, for whoever prints or documents them. */
export const MIRROR_SETTING_KEYS = [
  { key: 'tag-ttl', default: '5m', doc: 'How long no upstream is asked again about a tag.' },
  { key: 'max-size', default: undefined, doc: 'Most that is kept, such as "20GB"; absent: no limit.' },
  { key: 'pins', default: [], doc: 'Repositories that stay whatever the limit: "docker.io/library/*".' },
  { key: 'hosts', default: {}, doc: 'Host names of this service, each with the upstream it stands for.' },
  {
    key: 'upstream.name',
    default: undefined,
    doc: 'A registry to mirror, as names begin with it: "docker.io".',
  },
  {
    key: 'upstream.location',
    default: undefined,
    doc: 'Where it is, a URL or host; absent: as its name says.',
  },
  {
    key: 'upstream.allowed-hosts',
    default: [],
    doc: 'Hosts in a private network, host[:port], to which it may redirect.',
  },
] as const;

/** Reads `[mirror]`. Throws `INVALID_CONFIG` with file, line and column. */
export function readMirrorSettings(table: TomlTable): MirrorSettings {
  const ttl = table.string('tag-ttl', isDuration, 'want a duration such as "5m"');
  const size = table.string('max-size', isSize, 'want a size such as "20GB"');
  const upstreams = table.tables('upstream').map(readUpstream);
  const names = upstreams.map(({ name }) => name);
  const hosts = table.strings('hosts');
  for (const [host, name] of Object.entries(hosts))
    if (!names.includes(name))
      throw table.invalid(`hosts.${host}`, `is "${name}", which is no upstream`, host);
  const settings = {
    upstreams,
    tagTtlMs: ttl === undefined ? DEFAULT_MIRROR_SETTINGS.tagTtlMs : millisecondsOf(ttl),
    ...(size !== undefined && { maxBytes: parseHumanSize(size) }),
    pins: table.list('pins'),
    hosts,
  };
  table.end();
  return settings;
}

function readUpstream(table: TomlTable): UpstreamSettings {
  const name = table.required('name', isUpstream, 'want the host of a registry such as "docker.io"');
  const location = table.string('location', isLocation, 'want a URL or HOST[:PORT]');
  const upstream = {
    ...parseUpstream(name),
    ...(location !== undefined && { location }),
    allowedHosts: table.list('allowed-hosts'),
  };
  table.end();
  return upstream;
}

function isUpstream(text: string): boolean {
  return !text.includes('=') && succeeds(() => parseUpstream(text));
}

function isLocation(text: string): boolean {
  return succeeds(() => parseUpstream(`any.example=${text}`));
}

function isDuration(text: string): boolean {
  return succeeds(() => parseDuration(text)) && millisecondsOf(text) >= 0;
}

function isSize(text: string): boolean {
  return succeeds(() => parseHumanSize(text));
}

function millisecondsOf(duration: string): number {
  return parseDuration(duration) / NANOSECONDS_PER_MS;
}

function succeeds(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (isWherryError(error, 'INVALID_ARGUMENT')) return false;
    throw error;
  }
}
