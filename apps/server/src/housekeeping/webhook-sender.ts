import type { Notifications } from '@wherry/core';
import { EndpointLoop } from './endpoint-loop.ts';
import type { WebhookEndpointSettings } from './settings.ts';

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

/** An endpoint that is told, as these settings have it. */
interface Served {
  readonly settings: string;
  readonly loop: EndpointLoop;
}

/** Tells each endpoint what waits for it. */
export class WebhookSender implements AsyncDisposable {
  readonly #deps: WebhookSenderDeps;
  readonly #stopping = new Set<Promise<void>>();
  #served: ReadonlyMap<string, Served> = new Map();

  constructor(endpoints: readonly WebhookEndpointSettings[], deps: WebhookSenderDeps) {
    this.#deps = deps;
    deps.source.onAdded(() => {
      for (const { loop } of this.#served.values()) loop.wake();
    });
    this.update(endpoints);
  }

  /**
   * Takes these to be all there are: one that is as it was goes on, and what waits for one that is gone stays. Of two
   * of one name, which would have one queue, the later counts.
   */
  update(endpoints: readonly WebhookEndpointSettings[]): void {
    const before = this.#served;
    const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#served = new Map(
      [...byName.values()].map((endpoint) => {
        const settings = JSON.stringify(endpoint);
        const known = before.get(endpoint.name);
        if (known?.settings === settings) return [endpoint.name, known];
        // The one before has to let go first: an endpoint is told by one at a time.
        const ended = known ? this.#end(known) : Promise.resolve();
        return [endpoint.name, { settings, loop: new EndpointLoop(endpoint, this.#deps, ended) }];
      }),
    );
    for (const [name, served] of before) if (!this.#served.has(name)) this.#end(served);
  }

  /** Stops; what was not told waits for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const served of this.#served.values()) this.#end(served);
    this.#served = new Map();
    await Promise.all(this.#stopping);
  }

  #end({ loop }: Served): Promise<void> {
    const ended = loop[Symbol.asyncDispose]().finally(() => this.#stopping.delete(ended));
    this.#stopping.add(ended);
    return ended;
  }
}
