import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookEndpointSettings } from './settings.ts';
import { sendEvents } from './webhook-request.ts';
import type { WebhookSenderDeps } from './webhook-sender.ts';

/** Events in one envelope, at most. */
const BATCH = 50;
/** How long one process has an endpoint for itself before it must say so again. */
const CLAIM_MS = 60_000;
/** Other processes add events too, such as `wherry serve retention`. */
const POLL_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;

/** Tells one endpoint what waits for it, in order, until it has been told. */
export class EndpointLoop implements AsyncDisposable {
  readonly #endpoint: WebhookEndpointSettings;
  readonly #deps: WebhookSenderDeps;
  readonly #owner = randomUUID();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #wake = Promise.withResolvers<void>();

  /** Begins when `after` has resolved. */
  constructor(endpoint: WebhookEndpointSettings, deps: WebhookSenderDeps, after: Promise<void>) {
    this.#endpoint = endpoint;
    this.#deps = deps;
    this.#running = after.then(() => this.#serve());
  }

  /** Something may wait. */
  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Stops; what was not told goes on waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#deps.source.release(this.#owner);
  }

  async #serve(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        const told = await this.#tell();
        if (told === undefined) await this.#pause(POLL_MS, { wakes: true });
        else if (told) failures = 0;
        else await this.#pause(this.#retryMs(failures++), { wakes: false });
      } catch (error) {
        // The store may be locked or full for a while; a sender that gave up would tell nothing any more.
        const problem = error instanceof Error ? error.message : String(error);
        this.#deps.log(`webhook ${this.#endpoint.name}: ${problem}`);
        await this.#pause(this.#retryMs(failures++), { wakes: false });
      }
    }
  }

  /** `undefined`: there was nothing to tell, or another process does. */
  async #tell(): Promise<boolean | undefined> {
    const { source, now, log } = this.#deps;
    const { name, timeout } = this.#endpoint;
    const events = source.next(name, BATCH);
    const last = events.at(-1);
    if (last === undefined) return undefined;
    if (!source.claim(name, this.#owner, CLAIM_MS + timeout)) return undefined;
    // Another process may have told them between the look and the claim.
    const mine = source.next(name, BATCH);
    const outcome = await sendEvents(this.#endpoint, mine, { now: now(), signal: this.#stop.signal });
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
