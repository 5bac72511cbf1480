import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { digestOf, imageFixture, layerFixture, testClock } from '../testing/metadata-store-suite.ts';
import type { NodeChild } from '../testing/node-child.ts';
import { startNode } from '../testing/node-child.ts';
import { BlobLinkTable } from './blob-link-table.ts';
import { DocumentTable } from './document-table.ts';
import { LayerTable } from './layer-table.ts';
import { LeaseTable } from './lease-table.ts';
import { MetadataDatabase } from './metadata-database.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { SqliteMetadataStore } from './sqlite-metadata-store.ts';
import { Collector } from './sweep.ts';

const OTHER_USER = 65534;
const isRoot = process.getuid?.() === 0;

let root: string;
let opened: SqliteMetadataStore[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-metadata-'));
  opened = [];
});
afterEach(() => {
  for (const store of opened) store.close();
  rmSync(root, { recursive: true, force: true });
});

function open(): SqliteMetadataStore {
  const store = SqliteMetadataStore.open(root);
  opened.push(store);
  return store;
}

/** Another process; `open()` gives it a store on the same root. */
function startProcess(
  script: string,
  options: { readonly uid?: number; readonly at?: string } = {},
): NodeChild {
  const prelude = `const open = () => keep(metadata.SqliteMetadataStore.open(${JSON.stringify(options.at ?? root)}));\n`;
  return startNode(
    prelude + script,
    { metadata: new URL('./sqlite-metadata-store.ts', import.meta.url) },
    options.uid === undefined ? {} : { uid: options.uid, gid: options.uid },
  );
}

describe('opening', () => {
  test('makes the database alone, and closing leaves it alone', () => {
    const store = open();
    expect(store.schemaVersion).toBe(SCHEMA_VERSION);
    store.close();
    store.close();
    expect(readdirSync(root)).toEqual(['metadata.db']);
  });

  test('refuses a store that a newer wherry wrote, and leaves it as it is', () => {
    open().close();
    const database = new DatabaseSync(join(root, 'metadata.db'));
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    expect(() => open()).toThrow(
      expect.objectContaining({
        code: 'SCHEMA_TOO_NEW',
        message: `the store at ${root} was written by a newer wherry (schema ${SCHEMA_VERSION + 1}, this one reads up to ${SCHEMA_VERSION})`,
        hint: expect.stringContaining('update wherry'),
      }),
    );
  });

  /** Makes of the store one as the first released schema had it. */
  function takeBackToVersion1(): void {
    const database = new DatabaseSync(join(root, 'metadata.db'));
    const later = ['pins', 'uses', 'containers', 'build_cache', 'build_cache_removed', 'registry_blobs'];
    const ofMirror = ['mirror_tags', 'mirror_links', 'mirror_content'];
    database.exec([...later, ...ofMirror].map((table) => `DROP TABLE ${table};`).join(''));
    database.exec('PRAGMA user_version = 1');
    database.close();
  }

  test('brings a store of the first schema up to date, with all that is in it', () => {
    const { facts, manifest, names } = imageFixture('a', { names: ['ubuntu:18.04'] });
    const old = open();
    old.putImage(facts, [manifest], names);
    old.putManifest('app', manifest, []);
    old.close();
    takeBackToVersion1();
    const store = open();
    expect(store.schemaVersion).toBe(SCHEMA_VERSION);
    expect(store.listNames()).toEqual(names);
    expect(store.pinImage(facts.id)).toBe(true);
    expect(store.lastUses()).toEqual(new Map());
    store.noteUse(facts.id);
    expect([...store.lastUses().keys()]).toEqual([facts.id]);
    for (const blob of manifest.children) expect(store.findBlobLink('app', blob)).toBe('linked');
    expect(store.findBlobLink('app', manifest.descriptor.digest)).toBeUndefined();
  });

  test.skipIf(!isRoot)('says who can bring a store up to date that it may not write', async () => {
    open().close();
    takeBackToVersion1();
    chmodSync(root, 0o755);
    await using child = startProcess(
      'try { open() } catch (error) { console.log(error.code, error.message) }',
      {
        uid: OTHER_USER,
      },
    );
    expect(await child.line()).toBe(
      `PERMISSION_DENIED the store at ${root} was written by an older wherry (schema 1) and cannot be written from here`,
    );
  });

  test('says so when the database is damaged', () => {
    writeFileSync(
      join(root, 'metadata.db'),
      'this is no database, and long enough to be read as one'.repeat(20),
    );
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'CORRUPT', message: `store ${root}: metadata.db is damaged` }),
    );
  });

  test('starts over in an empty file, as a process killed at once leaves one', () => {
    writeFileSync(join(root, 'metadata.db'), '');
    open().setSetting('a', 'b');
    expect(open().getSetting('a')).toBe('b');
  });

  test('works for many processes at once, the first time too', async () => {
    const children = Array.from({ length: 4 }, (_, index) =>
      startProcess(`open().setSetting('from ${index}', 'here')`),
    );
    await Promise.all(children.map((child) => child.done()));
    const store = open();
    for (let index = 0; index < 4; index++) expect(store.getSetting(`from ${index}`)).toBe('here');
    expect(store.integrityCheck()).toEqual([]);
  });

  test('reads a store that it may not write', async () => {
    const { facts, manifest, names } = imageFixture('a', { names: ['ubuntu:18.04'] });
    const store = open();
    store.putImage(facts, [manifest], names);
    store.close();
    chmodSync(root, 0o555);
    chmodSync(join(root, 'metadata.db'), 0o444);
    await using child = startProcess(
      `const store = open();
       console.log(store.isReadOnly, store.listNames().length, store.reachable().size);
       try { store.setSetting('a', 'b') } catch (error) { console.log(error.code, error.message) }
       await store.acquireLease('pull').catch((error) => console.log(error.code, error.message));`,
      isRoot ? { uid: OTHER_USER } : {},
    );
    expect(await child.line()).toBe('true 1 3');
    expect(await child.line()).toBe(`PERMISSION_DENIED store ${root}: permission denied`);
    expect(await child.line()).toBe(`PERMISSION_DENIED store ${root}: permission denied`);
    await child.done();
    expect(readdirSync(root)).toEqual(['metadata.db']);
    chmodSync(root, 0o755);
  });

  test.skipIf(!isRoot)('reads what another user writes at the same time', async () => {
    const store = open();
    store.setSetting('a', 'b');
    chmodSync(root, 0o755);
    await using child = startProcess(
      `const store = open();
       console.log(store.isReadOnly, store.getSetting('a'), store.reachable().size);
       try { store.setSetting('a', 'c') } catch (error) { console.log(error.code) }`,
      { uid: OTHER_USER },
    );
    expect(await child.line()).toBe('true b 0');
    expect(await child.line()).toBe('PERMISSION_DENIED');
  });

  test('says in one line that it may not make a store', async () => {
    chmodSync(root, 0o555);
    await using child = startProcess(
      `for (const open of [metadata.SqliteMetadataStore.open])
         for (const at of ${JSON.stringify([root, join(root, 'new')])})
           try { open(at) } catch (error) { console.log(error.code, error.message) }`,
      isRoot ? { uid: OTHER_USER } : {},
    );
    expect(await child.line()).toBe(`PERMISSION_DENIED store ${root}: permission denied`);
    expect(await child.line()).toBe(`PERMISSION_DENIED make ${join(root, 'new')}: permission denied`);
    chmodSync(root, 0o755);
  });
});

describe('leases of other processes', () => {
  test('hold while the process lives, and no longer', async () => {
    const digest = digestOf('a');
    const store = open();
    await using child = startProcess(
      `const lease = keep(await open().acquireLease('pull'));
       lease.add('${digest}');
       console.log('held');
       process.stdin.resume();`,
    );
    expect(await child.line()).toBe('held');
    expect(store.reachable()).toEqual(new Set([digest]));
    expect(store.sweep(() => true, [digest])).toEqual([]);
    await child.kill();
    expect(store.reachable()).toEqual(new Set());
    expect(store.sweep(() => true, [digest])).toEqual([digest]);
    expect(readdirSync(join(root, 'leases'))).toEqual([]);
  });

  test('are cleared by the next one, with lock files that have no lease', async () => {
    await using child = startProcess(
      `keep(await open().acquireLease('pull')); console.log('held'); process.stdin.resume();`,
    );
    await child.line();
    await child.kill();
    writeFileSync(join(root, 'leases', 'stray.lock'), '');
    expect(readdirSync(join(root, 'leases'))).toHaveLength(2);
    const lease = await open().acquireLease('push');
    expect(readdirSync(join(root, 'leases'))).toHaveLength(1);
    await lease[Symbol.asyncDispose]();
    expect(readdirSync(join(root, 'leases'))).toEqual([]);
  });

  test('keep what they found from a sweep that runs at the same time', async () => {
    const digest = digestOf('a');
    const blob = join(root, 'blob');
    const store = open();
    await using child = startProcess(`
      import { existsSync } from 'node:fs';
      const store = open();
      let found = 0;
      for (let round = 0; round < 40 || found === 0; round++) {
        const lease = await store.acquireLease('pull');
        lease.add('${digest}');
        if (existsSync(${JSON.stringify(blob)})) {
          found++;
          for (let look = 0; look < 10; look++) {
            await new Promise(setImmediate);
            if (!existsSync(${JSON.stringify(blob)})) throw new Error('the blob went under a lease');
          }
        }
        await lease[Symbol.asyncDispose]();
      }
      console.log('found');
    `);
    const remove = (): boolean => {
      rmSync(blob);
      return true;
    };
    let swept = 0;
    let isOver = false;
    const line = child.line().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      if (!existsSync(blob)) writeFileSync(blob, '');
      swept += store.sweep(remove, [digest]).length;
      await new Promise(setImmediate);
    }
    expect(await line).toBe('found');
    expect(swept).toBeGreaterThan(0);
  });
});

describe('a sweep', () => {
  test('spares what came to be held after it forgot the records', () => {
    const other = open();
    const database = MetadataDatabase.open(root);
    const clock = testClock();
    const layers = new LayerTable(database);
    const collector = new Collector(database, clock, {
      leases: new LeaseTable(database, clock),
      documents: new DocumentTable(database),
      layers,
      links: new BlobLinkTable(database),
    });
    const records = ['a', 'b', 'c'].map((label) => layerFixture(label));
    const [a, b, c] = records.map((layer) => layer.digest) as [Digest, Digest, Digest];
    for (const record of records) layers.put(record);
    collector.touch([c]);
    const condemned = collector.condemn([a, b, c]);
    expect(condemned.digests).toEqual([a, b]);
    other.putManifest('app', { descriptor: imageFixture('x').facts.manifest, children: [b] }, []);
    expect(collector.removeCondemned(condemned, () => true)).toEqual([a]);
    expect(layers.list()).toEqual([records[2]]);
    database.close();
  });

  test('removes exactly what is not reachable', () => {
    const nodes = Array.from({ length: 8 }, (_, index) => digestOf(`node ${index}`));
    const node = fc.constantFrom(...nodes);
    const graph = fc.record({
      edges: fc.array(fc.tuple(node, node), { maxLength: 12 }),
      touched: fc.array(node, { maxLength: 1 }),
      manifests: fc.array(node, { maxLength: 1 }),
      layers: fc.array(fc.tuple(node, fc.constantFrom('x', 'y', 'z')), { maxLength: 6 }),
      image: fc.tuple(node, node, fc.constantFrom('x', 'y')),
    });
    fc.assert(
      fc.property(graph, ({ edges, touched, manifests, layers, image }) => {
        const at = mkdtempSync(join(root, 'graph-'));
        const store = SqliteMetadataStore.open(at);
        try {
          const document = (digest: Digest) => ({
            descriptor: { mediaType: 'application/x', digest, size: 1 },
            children: edges.filter(([parent]) => parent === digest).map(([, child]) => child),
          });
          for (const [digest, tar] of layers) store.putLayer({ ...layerFixture(tar), digest });
          for (const digest of manifests) store.putManifest('app', document(digest), ['t']);
          store.touch(...touched);
          const { facts } = imageFixture('a', { layers: [image[2]] });
          const manifest = { ...facts.manifest, digest: image[1] };
          store.putImage({ ...facts, id: image[0], manifest }, nodes.map(document), []);
          const reachable = store.reachable();
          const swept = store.sweep(() => true, nodes);
          expect(new Set(swept)).toEqual(new Set(nodes.filter((digest) => !reachable.has(digest))));
        } finally {
          store.close();
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
