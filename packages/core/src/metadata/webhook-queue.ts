import type { Clock } from '../clock.ts';
import type { MetadataDatabase } from './metadata-database.ts';

/** A notification that waits. */
export interface QueuedEvent {
  /** Grows from one to the next. */
  readonly sequence: number;
  /** JSON. */
  readonly event: string;
}

/** What became of an endpoint's notifications so far. */
export interface WebhookCounts {
  readonly endpoint: string;
  readonly waiting: number;
  /** Old ones that went untold, because too many waited. */
  readonly dropped: number;
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failures: number;
}

/** Notifications that wait to be sent, in order for each endpoint. */
export class WebhookQueue {
  readonly #database: MetadataDatabase;
  readonly #clock: Clock;

  constructor(database: MetadataDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Adds notifications, JSON each, and drops the oldest of the endpoint when more than `maxWaiting` would wait.
   * Returns the number of those. `durable: false`: a loss of power may undo it.
   */
  add(
    endpoint: string,
    events: readonly string[],
    { maxWaiting, durable = true }: { readonly maxWaiting: number; readonly durable?: boolean },
  ): number {
    return this.#database.transaction(
      () => {
        for (const event of events)
          this.#database.run('INSERT INTO webhook_events (endpoint, event) VALUES (?, ?)', endpoint, event);
        this.#count(endpoint, 'waiting', events.length);
        const excess = this.#waiting(endpoint) - maxWaiting;
        if (excess <= 0) return 0;
        const dropped = this.#database.run(
          `DELETE FROM webhook_events WHERE sequence IN
             (SELECT sequence FROM webhook_events WHERE endpoint = ? ORDER BY sequence LIMIT ?)`,
          endpoint,
          excess,
        );
        this.#count(endpoint, 'waiting', -dropped);
        this.#count(endpoint, 'dropped', dropped);
        return dropped;
      },
      { durable },
    );
  }

  /** The oldest that wait, `limit` at most. */
  next(endpoint: string, limit: number): QueuedEvent[] {
    return this.#database
      .all(
        'SELECT sequence, event FROM webhook_events WHERE endpoint = ? ORDER BY sequence LIMIT ?',
        endpoint,
        limit,
      )
      .map((row) => ({ sequence: row.sequence as number, event: row.event as string }));
  }

  /** Forgets those that were told, `last` and before. */
  delivered(endpoint: string, last: number): void {
    this.#database.transaction(() => {
      const told = this.#database.run(
        'DELETE FROM webhook_events WHERE endpoint = ? AND sequence <= ?',
        endpoint,
        last,
      );
      this.#count(endpoint, 'waiting', -told);
      this.#count(endpoint, 'delivered', told);
    });
  }

  failed(endpoint: string): void {
    this.#database.transaction(() => this.#count(endpoint, 'failures', 1), { durable: false });
  }

  /**
   * Lets one process at a time send to an endpoint, so that what is sent stays in order. `owner` has it for
   * `forMs`, and may claim it again before.
   */
  claim(endpoint: string, owner: string, forMs: number): boolean {
    const now = this.#clock.now().getTime();
    return this.#database.transaction(
      () => {
        this.#count(endpoint, 'waiting', 0);
        return (
          this.#database.run(
            `UPDATE webhook_endpoints SET claimed_by = ?, claimed_until = ?
             WHERE endpoint = ? AND (claimed_by IS NULL OR claimed_by = ? OR claimed_until <= ? OR claimed_until > ?)`,
            // One from a future that a clock had for a while would never end.
            ...[owner, now + forMs, endpoint, owner, now, now + 10 * forMs],
          ) > 0
        );
      },
      { durable: false },
    );
  }

  release(owner: string): void {
    this.#database.transaction(
      () => this.#database.run('UPDATE webhook_endpoints SET claimed_by = NULL WHERE claimed_by = ?', owner),
      { durable: false },
    );
  }

  /** Forgets endpoints that are none any more, with what waits for them. */
  keepOnly(endpoints: readonly string[]): void {
    const gone = this.counts().filter(({ endpoint }) => !endpoints.includes(endpoint));
    if (gone.length === 0) return;
    this.#database.transaction(() => {
      for (const { endpoint } of gone)
        for (const table of ['webhook_events', 'webhook_endpoints'])
          this.#database.run(`DELETE FROM ${table} WHERE endpoint = ?`, endpoint);
    });
  }

  counts(): WebhookCounts[] {
    return this.#database
      .all('SELECT * FROM webhook_endpoints ORDER BY endpoint')
      .map(({ endpoint, waiting, dropped, delivered, failures }) => ({
        endpoint: endpoint as string,
        waiting: waiting as number,
        dropped: dropped as number,
        delivered: delivered as number,
        failures: failures as number,
      }));
  }

  #waiting(endpoint: string): number {
    const row = this.#database.get('SELECT waiting FROM webhook_endpoints WHERE endpoint = ?', endpoint);
    return (row?.waiting as number | undefined) ?? 0;
  }

  #count(endpoint: string, column: 'waiting' | 'dropped' | 'delivered' | 'failures', more: number): void {
    this.#database.run('INSERT OR IGNORE INTO webhook_endpoints (endpoint) VALUES (?)', endpoint);
    this.#database.run(
      `UPDATE webhook_endpoints SET ${column} = ${column} + ? WHERE endpoint = ?`,
      more,
      endpoint,
    );
  }
}
