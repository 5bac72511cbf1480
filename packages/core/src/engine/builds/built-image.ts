import type { StageLayer } from '../../build/build-deps.ts';
import type { BuildEvent } from '../../build/build-event.ts';
import type { BuiltBase } from '../../build/builder.ts';
import type { Digest } from '../../digest.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import type { Platform } from '../../platform.ts';
import type { BuildRequest } from '../build-request.ts';
import type { SealDeps } from '../layers/seal.ts';

/** What a build made for one platform; it is recorded in the store. */
export interface BuiltImage {
  /** What was asked for. */
  readonly platform: Platform;
  readonly facts: ImageFacts;
  /** The blobs that the build knows its layers by, base first. */
  readonly layers: readonly StageLayer[];
  /** Absent: nothing is below what the build added. */
  readonly base?: BuiltBase;
}

/** What all that comes after the steps of a build needs. */
export interface ResultContext {
  readonly deps: SealDeps & { readonly host: Platform; readonly now: () => Date };
  readonly request: BuildRequest;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
  /** A directory for what is on its way. */
  readonly scratch: string;
  /** Keeps new content from the sweep until the build is over; what nothing else holds then goes. */
  readonly hold: (digest: Digest) => void;
}
