import { isWherryError, parseUpstream, type UpstreamSettings, WherryError } from '@wherry/core';
import { type SettingsOf, section } from '../settings/section.ts';

/** `[mirror]` of the settings file. */
export const MIRROR_SECTION = section({
  name: 'mirror',
  doc: 'Other registries, whose content is fetched when it is asked for, and kept.',
  fields: {
    tagTtl: {
      kind: 'duration',
      default: 5 * 60 * 1000,
      doc: 'How long no upstream is asked again about a tag. The flag --mirror-ttl stands for it.',
    },
    maxSize: {
      kind: 'size',
      doc: 'Most that is kept; absent: no limit. The flag --mirror-max-size stands for it.',
    },
    pins: {
      kind: 'list',
      doc: 'Repositories that stay whatever the limit: "docker.io/library/*". The flag --mirror-pin stands for it.',
    },
    hosts: {
      kind: 'map',
      doc: 'Host names of this service, each with the upstream it stands for.',
    },
    upstream: {
      kind: 'table-array',
      doc: 'The registries. The flag --mirror NAME[=LOCATION] stands for it.',
      fields: {
        name: {
          kind: 'string',
          required: true,
          check: (text) =>
            !text.includes('=') && isUpstream(text)
              ? undefined
              : 'want the host of a registry such as "docker.io"',
          doc: 'A registry, as names begin with it: "docker.io".',
        },
        location: {
          kind: 'string',
          check: (text) => (isUpstream(`any.example=${text}`) ? undefined : 'want a URL or HOST[:PORT]'),
          doc: 'Where it is, a URL or host; absent: as its name says.',
        },
        allowedHosts: {
          kind: 'list',
          doc: 'Hosts in a private network, host[:port], to which it may redirect.',
        },
      },
    },
  },
});

/** What the mirror is to do. */
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
  tagTtlMs: MIRROR_SECTION.fields.tagTtl.default,
  pins: [],
  hosts: {},
};

/** Throws `INVALID_CONFIG` for upstreams that do not go together. */
export function toMirrorSettings(section: SettingsOf<typeof MIRROR_SECTION>): MirrorSettings {
  const { tagTtl, maxSize, pins, hosts, upstream } = section;
  const names = upstream.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new WherryError('INVALID_CONFIG', `mirror.upstream ${twice} is there twice`);
  const stray = Object.entries(hosts).find(([, name]) => !names.includes(name));
  if (stray)
    throw new WherryError(
      'INVALID_CONFIG',
      `mirror.hosts.${stray[0]} is "${stray[1]}", which is no upstream`,
    );
  return {
    upstreams: upstream.map(({ name, location, allowedHosts }) => ({
      ...parseUpstream(name),
      ...(location !== undefined && { location }),
      allowedHosts,
    })),
    tagTtlMs: tagTtl,
    ...(maxSize !== undefined && { maxBytes: maxSize }),
    pins,
    hosts: Object.fromEntries(Object.entries(hosts).map(([host, name]) => [host.toLowerCase(), name])),
  };
}

function isUpstream(text: string): boolean {
  try {
    parseUpstream(text);
    return true;
  } catch (error) {
    if (isWherryError(error, 'INVALID_ARGUMENT')) return false;
    throw error;
  }
}
