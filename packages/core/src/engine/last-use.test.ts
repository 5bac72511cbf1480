import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { parseReference } from '../reference.ts';
import { EngineSandbox, nameAt, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { Engine } from './engine.ts';
import { lastUses } from './store/last-use.ts';
import type { Store } from './store/store.ts';

const DAY_MS = 24 * 3600 * 1000;
const LONG_AGO = new Date('2020-01-01T00:00:00Z');

describe('the last use of an image', () => {
  let sandbox: EngineSandbox;
  let engine: Engine;
  let store: Store;
  beforeEach(() => {
    sandbox = new EngineSandbox();
    engine = sandbox.engine();
    store = sandbox.store();
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  /** An image that came into the store long ago. */
  function putOld(label: string, names: string[] = []): Digest {
    const { id } = storeImage(store, label, { names });
    utimesSync(store.blobs.pathOf(id), LONG_AGO, LONG_AGO);
    return id;
  }

  test('is when it was tagged or came, as long as no use was noted', () => {
    const untagged = putOld('untagged');
    const tagged = putOld('tagged', ['tagged:1']);
    expect(lastUses(store)(untagged)).toEqual(LONG_AGO);
    expect(lastUses(store)(tagged)).toEqual(store.metadata.namesOf(tagged)[0]?.taggedAt);
    const { id } = storeImage(store, 'new');
    expect(Date.now() - lastUses(store)(id).getTime()).toBeLessThan(DAY_MS);
  });

  test('is noted by every verb that uses it, and by none that only looks', async () => {
    await using registry = await startMemoryRegistry();
    const fixture = makeImageFixture({ layers: [{ a: 'a' }, { b: 'b' }] });
    serveImage(registry, 'app', '1', fixture);
    const ref = nameAt(registry, 'app:1');
    const name = `${registry.host}/app:1`;
    const archive = await (async () => {
      await engine.pull({ ref });
      return gather(engine.save({ images: [name] }));
    })();
    const uses: Record<string, () => Promise<unknown>> = {
      pull: () => engine.pull({ ref }),
      'a pull that brings nothing': () => engine.pull({ ref }),
      push: () => engine.push({ ref }),
      save: () => gather(engine.save({ images: [name] })),
      load: () => engine.load({ from: sourceOf([archive]) }),
      tag: () => engine.tag({ source: name, target: parseReference('app:2') }),
      squash: () => engine.squash({ image: name }),
      convert: () => engine.convert({ image: name, compression: 'zstd', ref: parseReference('app:3') }),
    };
    const id = fixture.image.config.descriptor.digest;
    for (const [verb, use] of Object.entries(uses)) {
      forgetUses();
      await use();
      expect(store.metadata.lastUses().has(id), verb).toBe(true);
    }
    forgetUses();
    await engine.images();
    await engine.inspect(name);
    await engine.history(name);
    await engine.diskUsage();
    expect(store.metadata.lastUses()).toEqual(new Map());
    const imported = await engine.import({ from: sourceOf([fixture.layers[0]!.tar]) });
    expect([...store.metadata.lastUses().keys()]).toEqual([imported.id]);
  });

  /** As if the images came before uses were noted. */
  function forgetUses(): void {
    for (const facts of store.metadata.listImages()) {
      const names = store.metadata.namesOf(facts.id);
      const documents = store.metadata.allDocuments();
      store.metadata.atomically(() => {
        store.metadata.deleteImage(facts.id);
        store.metadata.putImage(facts, documents, names);
      });
    }
  }

  test('decides what a prune with unused-since takes', async () => {
    putOld('old', ['old:1']);
    const used = putOld('used', ['used:1']);
    const dangling = putOld('dangling');
    const busy = putOld('busy');
    store.metadata.noteUse(used, busy);
    const filters = ['unused-since=24h'];
    const dry = await engine.prune({ all: true, filters, dryRun: true });
    const { events } = await engine.prune({ filters });
    expect(events).toEqual([{ deleted: dangling }]);
    expect((await engine.prune({ all: true, filters })).events).toEqual(
      dry.events.filter((event) => !('deleted' in event && event.deleted === dangling)),
    );
    expect(
      store.metadata
        .listImages()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([used, busy].sort());
    // Not since a moment that is still to come: every one.
    const soon = new Date(Date.now() + DAY_MS).toISOString().slice(0, 19);
    await engine.prune({ all: true, filters: [`unused-since=${soon}Z`] });
    expect(store.metadata.listImages()).toEqual([]);
  });

  test('is given once, and as a time', async () => {
    for (const [filters, message] of [
      [['unused-since=1h', 'unused-since=2h'], 'more than one unused-since filter specified'],
      [['unused-since=lately'], 'failed to parse value as time or duration: "lately"'],
    ] as const)
      await expect(engine.prune({ filters })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    await expect(engine.images({ filters: ['unused-since=1h'] })).rejects.toMatchObject({
      message: "Invalid filter 'unused-since'",
    });
  });
});
