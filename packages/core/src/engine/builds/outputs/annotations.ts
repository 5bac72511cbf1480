import { WherryError } from '../../../errors.ts';
import { type Platform, samePlatform } from '../../../platform.ts';
import type { BuildAnnotation, BuildRequest } from '../../build-request.ts';

export type Annotations = Readonly<Record<string, string>>;

/** The annotations for one place of the result; the last one of a key holds. */
export function annotationsFor(
  { annotations = [] }: Pick<BuildRequest, 'annotations'>,
  scope: BuildAnnotation['scope'],
  platform?: Platform,
): Annotations {
  const meant = annotations.filter(
    (each) => each.scope === scope && (!each.platform || !platform || samePlatform(each.platform, platform)),
  );
  return Object.fromEntries(meant.map(({ key, value }) => [key, value]));
}

/** Throws `UNSUPPORTED` for annotations that the result has no place for. */
export function requirePlaces({ annotations = [] }: BuildRequest, platforms: readonly Platform[]): void {
  if (
    platforms.length === 1 &&
    annotations.some(({ scope }) => scope === 'index' || scope === 'index-descriptor')
  )
    throw new WherryError('UNSUPPORTED', 'index annotations not supported for single platform export');
  const stray = annotations.find(
    ({ platform }) => platform && !platforms.some((each) => samePlatform(each, platform)),
  );
  if (stray)
    throw new WherryError('INVALID_ARGUMENT', `annotation ${stray.key} is for a platform that is not built`);
}
