import { type ContainerSession, type ContainerVerbs, type OutputSink, WherryError } from '@wherry/core';

/** A container may be started by another process: this often is looked. */
const LOOK_INTERVAL_MS = 250;

/** Somebody who is to be there when a container starts. */
interface Attendant {
  readonly sink: OutputSink;
  begin(session: ContainerSession): void;
  fail(error: unknown): void;
}

type Backend = Pick<ContainerVerbs, 'attach' | 'inspect' | 'startAttended'>;

/** Those who attached to containers that do not run yet, as Docker's client does before it starts one. */
export class Attendance {
  readonly #backend: Backend;
  readonly #waiting = new Map<string, Set<Attendant>>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Waits until a container starts, here or in another process. Throws `CANCELLED`, and what hinders the start. */
  async await(id: string, sink: OutputSink, signal: AbortSignal): Promise<ContainerSession> {
    const { promise, reject, resolve } = Promise.withResolvers<ContainerSession>();
    const attendant: Attendant = { sink, begin: resolve, fail: reject };
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(attendant));
    const leave = () => reject(new WherryError('CANCELLED', 'cancelled', { cause: signal.reason }));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const look = setInterval(() => void this.#look(id, attendant, signal), LOOK_INTERVAL_MS).unref();
    try {
      return await promise;
    } finally {
      clearInterval(look);
      signal.removeEventListener('abort', leave);
      this.#forget(id, attendant);
    }
  }

  /** Starts a container in the background, with those who wait for it; `false`: it ran already. */
  async start(container: string): Promise<boolean> {
    const { id, options } = await this.#backend.inspect(container);
    const attendants = [...(this.#waiting.get(id) ?? [])];
    for (const attendant of attendants) this.#forget(id, attendant);
    const size = options.consoleSize;
    try {
      const sinks = attendants.map(({ sink }) => sink);
      const sessions = await this.#backend.startAttended(id, sinks, { ...(size && { size }) });
      for (const [index, attendant] of attendants.entries()) {
        const session = sessions?.[index] ?? (await this.#backend.attach(id, { sink: attendant.sink }));
        attendant.begin(session);
      }
      return sessions !== undefined;
    } catch (error) {
      for (const attendant of attendants) attendant.fail(error);
      throw error;
    }
  }

  async #look(id: string, attendant: Attendant, signal: AbortSignal): Promise<void> {
    try {
      const { state } = await this.#backend.inspect(id);
      if (state.status !== 'running' || !this.#forget(id, attendant)) return;
      attendant.begin(await this.#backend.attach(id, { sink: attendant.sink, signal }));
    } catch (error) {
      attendant.fail(error);
    }
  }

  #forget(id: string, attendant: Attendant): boolean {
    const waiting = this.#waiting.get(id);
    const wasThere = waiting?.delete(attendant) ?? false;
    if (waiting?.size === 0) this.#waiting.delete(id);
    return wasThere;
  }
}
