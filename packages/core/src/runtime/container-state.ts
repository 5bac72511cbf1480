/** What files and kernel tell about a container now. */
export interface ContainerFacts {
  /** When its first process started. */
  readonly startedAt?: Date;
  readonly pid?: number;
  /** That very process runs, or its exit code is still on its way. */
  readonly isAlive: boolean;
  readonly exit?: { readonly code: number; readonly at: Date };
  /** The kernel killed a process of it for want of memory. */
  readonly oomKilled: boolean;
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited' | 'dead';

/** Docker's `State`, with times as RFC 3339 texts, and Go's zero time where there is none. */
export interface ContainerState {
  readonly status: ContainerStatus;
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Docker's code for a container that ended while nobody watched, as by a loss of power. */
export const UNWATCHED_EXIT_CODE = 255;

export const CREATED_STATE: ContainerState = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  oomKilled: false,
  error: '',
  startedAt: ZERO_TIME,
  finishedAt: ZERO_TIME,
};

/**
 * The state of a container from the one that was last recorded and what can be seen now. The record knows what
 * leaves no trace (paused, failed to start, ended and its files gone), the facts know what happened since. Pure.
 */
export function deriveState(recorded: ContainerState, facts: ContainerFacts): ContainerState {
  if (facts.exit) {
    // The files of a run before the one that failed, or that is on its way, do not count.
    if (recorded.status === 'created' && facts.startedAt === undefined) return recorded;
    return {
      ...recorded,
      status: 'exited',
      pid: 0,
      exitCode: facts.exit.code,
      oomKilled: facts.oomKilled,
      startedAt: facts.startedAt?.toISOString() ?? recorded.startedAt,
      finishedAt: facts.exit.at.toISOString(),
    };
  }
  if (facts.isAlive)
    return {
      ...recorded,
      status: recorded.status === 'paused' ? 'paused' : 'running',
      pid: facts.pid ?? recorded.pid,
      exitCode: 0,
      error: '',
      startedAt: facts.startedAt?.toISOString() ?? recorded.startedAt,
      finishedAt:
        recorded.status === 'running' || recorded.status === 'paused' ? ZERO_TIME : recorded.finishedAt,
    };
  const wasAlive =
    recorded.status === 'running' || recorded.status === 'paused' || facts.startedAt !== undefined;
  if (!wasAlive || recorded.status === 'exited' || recorded.status === 'dead') return recorded;
  return {
    ...recorded,
    status: 'exited',
    pid: 0,
    exitCode: UNWATCHED_EXIT_CODE,
    startedAt: facts.startedAt?.toISOString() ?? recorded.startedAt,
    finishedAt: recorded.finishedAt,
  };
}
