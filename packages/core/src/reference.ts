import type { Digest } from './digest.ts';

/** What the user types to name an image: `domain/path:tag@digest`, normalised. */
export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
