/** Something that happened, in the words of the Engine API. */
export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  /** What it happened to. */
  readonly id: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An event with its place in time. */
export interface LoggedEvent extends EngineEvent {
  /** Nanoseconds since 1970; later ones are greater. */
  readonly timeNano: bigint;
}

/** As many as Docker keeps. */
const MAX_KEPT = 256;

/**
 * What this service has done, for `/events`: some of the latest, and whoever listens. What other processes do
 * to the same store is not in it.
 */
export class EventLog {
  readonly #kept: LoggedEvent[] = [];
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  readonly #now: () => number;
  #last = 0n;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(event: EngineEvent): void {
    const now = BigInt(this.#now()) * 1_000_000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    const logged = { ...event, timeNano: this.#last };
    this.#kept.push(logged);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(logged);
  }

  /** Those that are kept, oldest first. */
  kept(): readonly LoggedEvent[] {
    return [...this.#kept];
  }

  /** Tells of every event from now on, until the returned function is called. */
  listen(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
