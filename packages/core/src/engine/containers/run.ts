import { isWherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerDeps } from './container-deps.ts';
import { type CreateContainerRequest, createContainer } from './create.ts';
import type { ContainerSession } from './life/session.ts';
import { removeContainer } from './remove.ts';
import { type SessionOptions, type StartOptions, startContainer, startSession } from './start.ts';

export interface RunOptions extends StartOptions {
  /** Absent: the container runs in the background. */
  readonly sink?: SessionOptions['sink'];
  /** Told of the container before it starts. */
  readonly onCreated?: (container: ContainerRecord) => void;
}

/** A container that was made and started; `session`: it runs in the foreground. */
export interface RunResult {
  readonly container: ContainerRecord;
  readonly session?: ContainerSession;
}

/**
 * Makes a container and starts it. One that cannot be started stays, as with Docker, unless it was to be removed
 * when it ends. Throws what `createContainer` and `startContainer` throw.
 */
export async function runContainer(
  deps: ContainerDeps,
  request: CreateContainerRequest,
  options: RunOptions = {},
): Promise<RunResult> {
  const container = await createContainer(deps, request);
  const { id } = container;
  try {
    options.onCreated?.(container);
    const { sink } = options;
    if (sink === undefined) {
      await startContainer(deps, id, options);
      return { container };
    }
    const session = await startSession(deps, id, { ...options, sink });
    return { container, ...(session && { session }) };
  } catch (error) {
    const isCancelled = isWherryError(error) && error.kind === 'cancelled';
    if (request.autoRemove || isCancelled)
      await removeContainer(deps, { container: id, force: true, volumes: true });
    throw error;
  }
}
