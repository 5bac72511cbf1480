import type { LintWarning } from '@wherry/dockerfile';
import type { BuildEvent } from '../build/build-event.ts';
import type { Digest } from '../digest.ts';
import { type BuildOptions, type BuildVerbDeps, buildOpened, type OpenedBuild, withOpened } from './build.ts';
import type { BuildRequest } from './build-request.ts';
import { type BuildDifference, BuildTrace, firstDifference } from './builds/verify/build-difference.ts';

export type { BuildDifference } from './builds/verify/build-difference.ts';
export type { FileAspect, FileDifference } from './builds/verify/file-difference.ts';

/** What is built; where it would go, and what caches there are, has no say. */
export type VerifyBuildRequest = Omit<
  BuildRequest,
  | 'annotations'
  | 'cacheFrom'
  | 'cacheTo'
  | 'check'
  | 'compression'
  | 'noCache'
  | 'noCacheFilter'
  | 'outputs'
  | 'squash'
  | 'tags'
>;

export interface VerifyBuildResult {
  /** The image of the first build, for its first platform. */
  readonly id: Digest;
  /** Absent: both builds made the same. */
  readonly difference?: BuildDifference;
  readonly warnings: readonly LintWarning[];
}

/**
 * Builds twice from the same files, without the cache, and compares the images step by step: same configs, same
 * layers to the byte. They get no names. Throws what a build throws.
 */
export async function verifyBuild(
  deps: BuildVerbDeps,
  request: VerifyBuildRequest,
  options: BuildOptions = {},
): Promise<VerifyBuildResult> {
  const nothingElse = { squash: false, cacheFrom: [], cacheTo: [] };
  const plain: BuildRequest = { ...request, ...nothingElse, noCache: true };
  return withOpened(deps, plain, options, async (opened) => {
    const first = await traced(opened, 1);
    const second = await traced(opened, 2);
    const traces = [first.trace, second.trace] as const;
    const difference = await firstDifference(deps.store, traces, opened.signal);
    return {
      id: first.id,
      ...(difference && { difference }),
      warnings: opened.warnings,
    };
  });
}

const NOWHERE = { files: [], names: [], pushed: [], hasImage: false, isNamed: false } as const;

async function traced(opened: OpenedBuild, attempt: 1 | 2) {
  const trace = new BuildTrace();
  opened.emit({ kind: 'build-attempt', number: attempt });
  const emit = (event: BuildEvent) => {
    trace.note(event);
    opened.emit(event);
  };
  const { images } = await buildOpened({ ...opened, emit }, NOWHERE);
  return { trace, id: images[0].facts.id };
}
