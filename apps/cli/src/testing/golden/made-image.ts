import { type ClassicImage, sha256 } from '@wherry/core/testing/golden';

/** When the recording ran. */
export const RECORDED_AT = new Date('2026-11-23T21:48:09Z');
export const SHORT_ID = 12;

/** Stands in for an image that was made while the recording ran. */
export interface MadeImage {
  /** As the recording names it; absent: it never does. */
  readonly shortId?: string;
  /** `sha256:…` */
  readonly id: string;
  readonly image: ClassicImage;
}

/** The names in a line of `state_before`. */
export function tagsOf(line: string): string[] {
  const [names = ''] = line.slice(SHORT_ID + 1).split(/ ?digests: /);
  return names.split(', ').filter((name) => name !== '' && !name.startsWith('<') && !name.startsWith('('));
}

export function shortIdOf(line: string): string {
  return line.slice(0, SHORT_ID);
}

/** An image whose ID begins with the digit that the recorded one begins with: prefixes stay ambiguous. */
export function imageOf(
  fields: object,
  layers: readonly Uint8Array[],
  tags: readonly string[],
  shortId?: string,
): MadeImage {
  const names = tags.length === 0 ? null : tags;
  const diffIDs = layers.map(sha256);
  for (let salt = 0; ; salt++) {
    const document = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: diffIDs },
      ...fields,
      salt: `${tags.join(' ')} ${shortId} ${salt}`,
    };
    const image = made({ names, config: Buffer.from(JSON.stringify(document)), layers }, shortId);
    if (image.id['sha256:'.length] === (shortId?.[0] ?? image.id['sha256:'.length])) return image;
  }
}

/** An image as the recording names it, or does not. */
export function made(image: ClassicImage, shortId?: string): MadeImage {
  return { ...(shortId !== undefined && { shortId }), id: sha256(image.config), image };
}
