import type { ContainerState } from '../../../runtime/container-state.ts';
import { humanDuration } from '../../selection/human-duration.ts';

/** `Up 5 minutes`, `Exited (0) 2 seconds ago`. moby, `container.State.String`. */
export function containerStatusText(state: ContainerState, now: Date): string {
  const since = (time: string) => humanDuration((now.getTime() - Date.parse(time)) / 1000);
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${since(state.startedAt)}`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'dead':
      return 'Dead';
    default:
      // Of one that ended unwatched nobody knows when.
      return state.finishedAt.startsWith('0001-')
        ? `Exited (${state.exitCode})`
        : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

/** A command line as lists show it. */
export function commandText(argv: readonly string[]): string {
  return argv.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ');
}
