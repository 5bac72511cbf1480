import type { Engine, RemovalEvent } from '@wherry/core';
import type { EventLog } from '../events/event-log.ts';

/** Tells of something that happened to an image, under its ID. */
export function logImage(log: EventLog, action: string, id: string, name = id): void {
  log.add({ type: 'image', action, id, attributes: { name } });
}

/** Tells of images that were pruned, and what that freed, in bytes. */
export function logImagePrune(log: EventLog, bytes: number): void {
  log.add({ type: 'image', action: 'prune', id: '', attributes: { reclaimed: String(bytes) } });
}

/** Which image each name is, as long as it is: what a removal tells of names must be told of images. */
export class ImagesBefore {
  readonly #ids = new Set<string>();
  readonly #byName = new Map<string, string>();

  static async of(engine: Pick<Engine, 'images'>): Promise<ImagesBefore> {
    const before = new ImagesBefore();
    for (const { id, repoTags, repoDigests } of await engine.images({ all: true })) {
      before.#ids.add(id);
      for (const name of [...repoTags, ...repoDigests]) before.#byName.set(name, id);
    }
    return before;
  }

  /** Tells an image's ID from a layer's. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Logs what a removal did to images; layers have no events. */
  log(log: EventLog, events: readonly RemovalEvent[]): void {
    for (const event of events) {
      if ('deleted' in event) {
        if (this.has(event.deleted)) logImage(log, 'delete', event.deleted);
        continue;
      }
      const id = this.#byName.get(event.untagged);
      if (id !== undefined) logImage(log, 'untag', id);
    }
  }
}

/** `[{"Untagged":…},{"Deleted":…}]`. */
export function removalShape(events: readonly RemovalEvent[]): readonly Readonly<Record<string, string>>[] {
  return events.map((event) =>
    'untagged' in event ? { Untagged: event.untagged } : { Deleted: event.deleted },
  );
}
