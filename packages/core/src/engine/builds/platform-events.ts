import type { BuildEvent } from '../../build/build-event.ts';
import type { Platform } from '../../platform.ts';

export interface PlatformSteps {
  readonly platform: Platform;
  /** How many steps its build has. */
  readonly total: number;
}

type Emit = (event: BuildEvent) => void;

/**
 * What is to tell of each platform's build, one after the other, in their order: steps count on from one to the next,
 * and each event says which platform it is about. The one platform of a build needs no word.
 */
export function platformEvents(emit: Emit, builds: readonly PlatformSteps[]): readonly Emit[] {
  if (builds.length === 1) return [emit];
  const total = builds.reduce((sum, build) => sum + build.total, 0);
  let before = 0;
  return builds.map(({ platform, total: own }) => {
    const offset = before;
    before += own;
    return (event) => {
      if (!('step' in event)) return emit({ ...event, platform });
      const step = { ...event.step, number: event.step.number + offset, total };
      emit({ ...event, step, platform });
    };
  });
}
