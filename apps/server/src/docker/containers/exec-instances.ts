import { randomBytes } from 'node:crypto';
import type { ExecRequest, ExecSession } from '@wherry/core';
import { ApiError } from '../api-error.ts';

/** Docker's engine forgets one that has ended after as long. */
const KEPT_MS = 5 * 60 * 1000;
/** Those that are never started count too. */
const MAX_KEPT = 10_000;
const ID_BYTES = 32;

/** What `POST /containers/{id}/exec` asked for. */
export interface ExecPlan {
  readonly request: ExecRequest;
  /** The whole ID of the container. */
  readonly containerId: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
  readonly size?: { readonly rows: number; readonly columns: number };
}

/** One more process in a container, from the request for it on. */
export interface ExecInstance {
  readonly id: string;
  readonly plan: ExecPlan;
  status: 'created' | 'running' | 'ended';
  session?: ExecSession;
  exitCode?: number;
  endedAt?: number;
}

/** The processes that clients asked for. They are known as long as the service lives, as with Docker. */
export class ExecInstances {
  readonly #instances = new Map<string, ExecInstance>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(plan: ExecPlan): ExecInstance {
    this.#forgetOld();
    const instance: ExecInstance = { id: randomBytes(ID_BYTES).toString('hex'), plan, status: 'created' };
    this.#instances.set(instance.id, instance);
    return instance;
  }

  /** Throws Docker's 404. */
  get(id: string): ExecInstance {
    const instance = this.#instances.get(id);
    if (instance === undefined) throw new ApiError(404, `No such exec instance: ${id}`);
    return instance;
  }

  /** The IDs of those of a container that have not ended. */
  idsOf(containerId: string): string[] {
    return [...this.#instances.values()]
      .filter(({ plan, status }) => plan.containerId === containerId && status !== 'ended')
      .map(({ id }) => id);
  }

  end(instance: ExecInstance, exitCode: number | undefined): void {
    instance.status = 'ended';
    instance.endedAt = this.#now();
    if (exitCode !== undefined) instance.exitCode = exitCode;
  }

  /** Leaves all that run to themselves. */
  leave(): void {
    for (const { session, status } of this.#instances.values()) if (status === 'running') session?.detach();
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [id, { endedAt, status }] of this.#instances) {
      const isOld = endedAt !== undefined && now - endedAt > KEPT_MS;
      const isTooMuch = this.#instances.size >= MAX_KEPT && status !== 'running';
      if (isOld || isTooMuch) this.#instances.delete(id);
    }
  }
}
