import type { UpstreamSettings } from '@wherry/core';

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
