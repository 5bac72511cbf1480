import {
  type BuildCachePlace,
  type BuildCacheTarget,
  isWherryError,
  parseReference,
  withDefaultTag,
} from '@wherry/core';
import type { Flags } from '../../../flags.ts';
import { badFlag, Fields, wordsOf } from './fields.ts';

type CacheFlag = 'cache-from' | 'cache-to';

/** `--cache-from IMAGE[,IMAGE]`, `type=registry,ref=…`, `type=local,src=…`. Throws `FlagError`. */
export function cacheFromFlags(flags: Flags): readonly BuildCachePlace[] {
  return flags.list('cache-from').flatMap((text) => {
    if (isPlain(text))
      return wordsOf(text, '--cache-from')
        .filter((name) => name !== '')
        .map((name) => registryPlace(text, 'cache-from', name));
    const fields = new Fields(text, '--cache-from');
    const place = placeOf(text, 'cache-from', fields);
    fields.finish();
    return [place];
  });
}

/** `--cache-to IMAGE`, `type=registry,ref=…`, `type=local,dest=…`, with `mode=min|max`. Throws `FlagError`. */
export function cacheToFlags(flags: Flags): readonly BuildCacheTarget[] {
  return flags.list('cache-to').map((text) => {
    if (isPlain(text)) return { place: registryPlace(text, 'cache-to', text), mode: 'min' };
    const fields = new Fields(text, '--cache-to');
    const place = placeOf(text, 'cache-to', fields);
    const mode = fields.take('mode') ?? 'min';
    const ignoreError = fields.takeBool('ignore-error');
    fields.finish();
    if (mode !== 'min' && mode !== 'max')
      throw fields.fault(`invalid mode ${JSON.stringify(mode)}: use min or max`);
    return { place, mode, ...(ignoreError && { ignoreError }) };
  });
}

function isPlain(text: string): boolean {
  return !/(?:^|,)\s*"?\w[\w-]*=/.test(text);
}

function placeOf(text: string, flag: CacheFlag, fields: Fields): BuildCachePlace {
  const type = fields.take('type') ?? 'registry';
  if (type === 'registry') return registryPlace(text, flag, fields.take('ref') ?? '');
  if (type !== 'local') throw fields.fault(`type ${type} is not offered: use registry or local`);
  const key = flag === 'cache-from' ? 'src' : 'dest';
  const path = fields.take(key);
  if (!path) throw fields.fault(`${key} is required for a local cache`);
  return { kind: 'local', path };
}

function registryPlace(text: string, flag: CacheFlag, name: string): BuildCachePlace {
  if (name === '') throw badFlag(text, `--${flag}`, 'ref is required for a cache in a registry');
  try {
    return { kind: 'registry', ref: withDefaultTag(parseReference(name)) };
  } catch (error) {
    if (!isWherryError(error)) throw error;
    throw badFlag(text, `--${flag}`, error.message);
  }
}
