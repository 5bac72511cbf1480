import {
  type BuildAnnotation,
  hostPlatform,
  isWherryError,
  type Platform,
  parsePlatform,
  parseReference,
  type Reference,
} from '@wherry/core';
import { CommandError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';
import type { Io } from '../../../io.ts';
import { badFlag } from './fields.ts';

/** `--tag`. Throws `FlagError` with Docker's words for a reference. */
export function tagFlags(flags: Flags): readonly Reference[] {
  return flags.list('tag').map((text) => {
    try {
      return parseReference(text);
    } catch (error) {
      if (!isWherryError(error)) throw error;
      throw badFlag(text, '-t, --tag', error.message);
    }
  });
}

/** `--platform`, several times or with commas; else `DOCKER_DEFAULT_PLATFORM`. */
export function platformFlags(flags: Flags, env: Io['env']): readonly Platform[] {
  const given = flags.list('platform').flatMap((text) => text.split(','));
  const texts = given.length > 0 ? given : [env.DOCKER_DEFAULT_PLATFORM ?? ''];
  const host = hostPlatform(process.platform, process.arch);
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => parsePlatform(text, host));
}

/** `--build-arg NAME=value`; a name alone takes the value from the environment, if it has one. */
export function buildArgFlags(flags: Flags, env: Io['env']): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    flags.list('build-arg').map((text) => {
      const equals = text.indexOf('=');
      if (text === '' || equals === 0)
        throw badFlag(text, '--build-arg', `invalid environment variable: ${text}`);
      return equals < 0 ? [text, env[text]] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** Seconds since 1970: the build argument of the name, else the variable. Throws `CommandError`. */
export function epochOf(
  buildArgs: Readonly<Record<string, string | undefined>>,
  env: Io['env'],
): { readonly epoch?: number } {
  const text = buildArgs.SOURCE_DATE_EPOCH ?? env.SOURCE_DATE_EPOCH ?? '';
  if (text === '') return {};
  if (!/^\d{1,12}$/.test(text))
    throw new CommandError(`invalid SOURCE_DATE_EPOCH ${JSON.stringify(text)}: want seconds since 1970`);
  return { epoch: Number(text) };
}

/** One or more scopes, a platform in brackets behind each, then a colon; all of that may be missing. */
const ANNOTATION = /^(?:((?:(?:manifest|index)(?:-descriptor)?(?:\[[^\]]*\])?,?)+):)?([^=]+)=(.*)$/s;
const SCOPE = /^(manifest|index|manifest-descriptor|index-descriptor)(?:\[([^\]]*)\])?$/;

/** `--annotation [SCOPE[,SCOPE]:]KEY=VALUE`; without a scope the manifest's. Throws `FlagError`. */
export function annotationFlags(flags: Flags): readonly BuildAnnotation[] {
  return flags.list('annotation').flatMap((text) => {
    const [, scopes = 'manifest', key = '', value = ''] = ANNOTATION.exec(text) ?? [];
    if (key === '') throw badFlag(text, '--annotation', `${text} must be formatted as [scope:]key=value`);
    return scopes.split(',').map((scope) => annotationOf(text, scope, key, value));
  });
}

function annotationOf(text: string, scopeText: string, key: string, value: string): BuildAnnotation {
  const [, scope, platform] = SCOPE.exec(scopeText) ?? [];
  if (scope === undefined) throw badFlag(text, '--annotation', `unknown scope ${JSON.stringify(scopeText)}`);
  if (platform !== undefined && scope.startsWith('index'))
    throw badFlag(text, '--annotation', 'an index is of no platform');
  return {
    scope: scope as BuildAnnotation['scope'],
    ...(platform !== undefined && {
      platform: parsePlatform(platform, hostPlatform(process.platform, process.arch)),
    }),
    key,
    value,
  };
}
