import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notifications } from '@wherry/core';
import type { WebhookEndpointSettings } from './settings.ts';
import { sendEvents } from './webhook-request.ts';

/** Events in one envelope, at most. */
const BATCH = 50;
/** How long one process has an endpoint for itself before it must say so again. */
const CLAIM_MS = 60_000;
/** Other processes add events too, such as `wherry serve retention`. */
const POLL_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;

/** What the sender asks of those who wrote the events down. */
export type EventSource = Pick<
  Notifications,
  'next' | 'delivered' | 'failed' | 'claim' | 'release' | 'onAdded'
>;

export interface WebhookSenderDeps {
  readonly source: EventSource;
  readonly log: (line: string) => void;
  readonly now: () => Date;
  /** Absent: one second at first, twice as long each time, five minutes at most. */
  readonly retryMs?: (attempt: number) => number;
}

/** Tells each endpoint what waits for it, in order, until it has been told. */
export class WebhookSender implements AsyncDisposable {
  readonly #deps: WebhookSenderDeps;
  readonly #owner = randomUUID();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[];
  #wake = Promise.withResolvers<void>();

  constructor(endpoints: readonly WebhookEndpointSettings[], deps: WebhookSenderDeps) {
    this.#deps = deps;
    deps.source.onAdded(() => {
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.#loops = endpoints.map((endpoint) => this.#serve(endpoint));
  }

  /** Stops; what was not told waits for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
    if (this.#loops.length > 0) this.#deps.source.release(this.#owner);
  }

  async #serve(endpoint: WebhookEndpointSettings): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        const told = await this.#tell(endpoint);
        if (told === undefined) await this.#pause(POLL_MS, { wakes: true });
        else if (told) failures = 0;
        else await this.#pause(this.#retryMs(failures++), { wakes: false });
      } catch (error) {
        // The store may be locked or full for a while; a sender that gave up would tell nothing any more.
        this.#deps.log(`webhook ${endpoint.name}: ${error instanceof Error ? error.message : String(error)}`);
        await this.#pause(this.#retryMs(failures++), { wakes: false });
      }
    }
  }

  /** `undefined`: there was nothing to tell, or another process does. */
  async #tell(endpoint: WebhookEndpointSettings): Promise<boolean | undefined> {
    const { source, now, log } = this.#deps;
    const { name } = endpoint;
    const events = source.next(name, BATCH);
    const last = events.at(-1);
    if (last === undefined) return undefined;
    if (!source.claim(name, this.#owner, CLAIM_MS + endpoint.timeout)) return undefined;
    // Another process may have told them between the look and the claim.
    const mine = source.next(name, BATCH);
    const outcome = await sendEvents(endpoint, mine, { now: now(), signal: this.#stop.signal });
    if (outcome.ok) source.delivered(name, mine.at(-1)?.sequence ?? last.sequence);
    else if (!this.#stop.signal.aborted) {
      source.failed(name);
      log(`webhook ${name}: ${outcome.problem}; its events wait`);
    }
    return outcome.ok;
  }

  #retryMs(failures: number): number {
    return this.#deps.retryMs?.(failures) ?? Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  }

  async #pause(ms: number, { wakes }: { readonly wakes: boolean }): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    const slept = sleep(ms, undefined, { signal, ref: false }).catch(() => {});
    await (wakes ? Promise.race([slept, this.#wake.promise]) : slept);
    over.abort();
  }
}
