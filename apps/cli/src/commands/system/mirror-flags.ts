import type { UpstreamSettings } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

const NANOSECONDS_PER_MS = 1e6;

/** What the flags of `serve` say of the mirror. */
export interface MirrorFlags {
  readonly upstreams: readonly UpstreamSettings[];
  readonly tagTtlMs: number;
  readonly pins: readonly string[];
  readonly maxBytes?: number;
}

/** Reads `--mirror` and the flags about it. Throws `CommandError`, and `INVALID_ARGUMENT` for what they hold. */
export async function readMirrorFlags(flags: Flags): Promise<MirrorFlags> {
  const { parseDuration, parseHumanSize, parseUpstream } = await import('@wherry/core');
  const upstreams = flags.list('mirror').map(parseUpstream);
  const names = upstreams.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new CommandError(`--mirror ${twice} is given twice`);
  const tagTtlMs = parseDuration(flags.string('mirror-ttl') ?? '0s') / NANOSECONDS_PER_MS;
  if (tagTtlMs < 0) throw new CommandError('--mirror-ttl is less than nothing');
  const maxSize = flags.string('mirror-max-size');
  return {
    upstreams,
    tagTtlMs,
    pins: flags.list('mirror-pin'),
    ...(maxSize !== undefined && { maxBytes: parseHumanSize(maxSize) }),
  };
}
