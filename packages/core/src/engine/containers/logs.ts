import { isWherryError, WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { type LogEntry, openLog, readLog } from '../../runtime/monitor/log-reader.ts';
import { isMonitored } from '../../runtime/monitor/monitor.ts';
import { parsePastTime } from '../selection/past-time.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { isAlive } from './kill.ts';
import { tend } from './life/settle.ts';

export interface LogsRequest {
  readonly container: string;
  /** This many of the last lines; absent: all. */
  readonly tail?: number;
  /** A time, or how long ago, as Docker's flags have it; `until` likewise. */
  readonly since?: string;
  readonly until?: string;
  /** Goes on until the container ends. */
  readonly follow?: boolean;
}

/**
 * What a container printed, in lines that come together. Throws `CONTAINER_UNKNOWN`, `INVALID_ARGUMENT`, `UNSUPPORTED` where nothing
 * is kept of it, `CANCELLED`.
 */
export async function* containerLogs(
  deps: ContainerDeps,
  request: LogsRequest,
  { signal }: VerbOptions = {},
): AsyncGenerator<readonly LogEntry[]> {
  const [since, until] = (['since', 'until'] as const).map((name) => timeOf(request, name, deps.now()));
  const record = requireContainer(deps.store.metadata, request.container);
  if (record.options.log?.driver === 'none')
    throw new WherryError('UNSUPPORTED', 'configured logging driver does not support reading');
  const { paths, log } = containerPlaces(deps.store.root, record.id);
  // First: a container that is removed meanwhile has then been read to its end.
  const opened = openLog(log);
  await closingOnFailure(opened, () => tend(deps, record));
  const { tail } = request;
  // What it printed last may still be on its way from the pipes into the log.
  const isOver = async () => !isAlive(deps, record) && !isMonitored(paths);
  const options = {
    ...(tail !== undefined && { tail }),
    ...(since && { since }),
    ...(until && { until }),
    ...(request.follow && { follow: { isOver } }),
    ...(signal && { signal }),
  };
  yield* readLog(log, options, opened);
}

async function closingOnFailure(
  opened: ReturnType<typeof openLog>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    for (const file of await opened) await file.close();
    throw error;
  }
}

/** A bound of the time. Throws `INVALID_ARGUMENT`, saying which. */
function timeOf(request: LogsRequest, name: 'since' | 'until', now: Date): Date | undefined {
  const { [name]: text } = request;
  if (text === undefined) return undefined;
  try {
    return parsePastTime(text, now);
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_ARGUMENT')) throw cause;
    const { code, details, hint, message } = cause;
    const said = `invalid value for "${name}": ${message}`;
    throw new WherryError(code, said, { details, cause, ...(hint !== undefined && { hint }) });
  }
}
