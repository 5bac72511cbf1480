import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trashPath } from '../../../content/trash-files.ts';
import type { Digest } from '../../../digest.ts';
import { GRACE_MS } from '../../../metadata/sweep.ts';
import {
  digestOf,
  imageOf,
  indexOf,
  type PushedBytes,
  pushDocument,
  ServiceSandbox,
} from '../../../testing/service-sandbox.ts';
import type { Store } from '../../store/store.ts';
import { collectGarbage } from './collect-garbage.ts';
import { restoreBlob, restoreManifest } from './trash.ts';

const DAY_MS = 24 * 3600 * 1000;
const IMAGES = ['a', 'b', 'c'].map((text) => imageOf(text));
const INDEXES = [indexOf(IMAGES[0]!, IMAGES[1]!), indexOf(IMAGES[2]!)];
const REFERRERS = [imageOf('signature of a', IMAGES[0]), imageOf('signature of an index', INDEXES[0])];
const DOCUMENTS: (PushedBytes & { readonly blobs?: readonly Uint8Array[] })[] = [
  ...IMAGES,
  ...INDEXES,
  ...REFERRERS,
];
const REPOSITORIES = ['x', 'team/y'];

type Step = (stores: readonly Store[], sandbox: ServiceSandbox) => Promise<void>;

const handle = fc.nat(1);
const document = fc.nat(DOCUMENTS.length - 1);
const repository = fc.constantFrom(...REPOSITORIES);
const tag = fc.option(fc.constantFrom('1', '2'), { nil: undefined });

/** What clients and commands do, through either of two handles on one root. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(handle, repository, document, tag).map(
      ([at, name, which, as]): Step =>
        async (stores) => {
          const wanted = DOCUMENTS[which]!;
          // What an index names comes before it.
          for (const part of partsOf(wanted)) await pushDocument(stores[at]!, name, part);
          await pushDocument(stores[at]!, name, wanted, ...(as === undefined ? [] : [as]));
        },
    ),
  },
  fc.tuple(handle, repository, document).map(
    ([at, name, which]): Step =>
      async (stores) =>
        void stores[at]!.metadata.deleteManifest(name, DOCUMENTS[which]!.digest),
  ),
  fc.tuple(handle, repository, fc.constantFrom('1', '2')).map(
    ([at, name, which]): Step =>
      async (stores) =>
        void stores[at]!.metadata.deleteTag(name, which),
  ),
  fc.tuple(handle, repository, document).map(
    ([at, name, which]): Step =>
      async (stores) =>
        void (await restoreManifest(stores[at]!, name, DOCUMENTS[which]!.digest)),
  ),
  fc.tuple(handle, document).map(
    ([at, which]): Step =>
      async (stores) =>
        void restoreBlob(stores[at]!, DOCUMENTS[which]!.digest),
  ),
  {
    weight: 3,
    arbitrary: fc.tuple(handle, fc.boolean()).map(
      ([at, keepUntagged]): Step =>
        async (stores, sandbox) =>
          void (await collect(stores[at]!, sandbox, keepUntagged)),
    ),
  },
  fc.constantFrom(GRACE_MS / 2, GRACE_MS + 1, DAY_MS).map(
    (ms): Step =>
      async (_stores, sandbox) =>
        sandbox.clock.pass(ms),
  ),
);

function partsOf(wanted: PushedBytes): readonly (typeof IMAGES)[number][] {
  if (wanted === INDEXES[0]) return IMAGES.slice(0, 2);
  return wanted === INDEXES[1] ? IMAGES.slice(2) : [];
}

const collect = (store: Store, sandbox: ServiceSandbox, keepUntagged: boolean) =>
  collectGarbage(
    { store, now: sandbox.clock.now },
    { keepUntagged, trashGraceMs: DAY_MS, uploadMaxAgeMs: DAY_MS },
  );

/** What some repository serves, with all that it cannot do without. */
function served(store: Store): Set<Digest> {
  const found = new Set<Digest>();
  const visit = (digest: Digest) => {
    found.add(digest);
    const wanted = DOCUMENTS.find((each) => each.digest === digest);
    for (const blob of wanted?.blobs ?? []) found.add(digestOf(blob));
    for (const part of wanted ? partsOf(wanted) : []) visit(part.digest);
  };
  for (const { digest } of store.metadata.listCatalog()) visit(digest);
  return found;
}

test('no history loses what a repository serves, and collection takes what none does in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      using sandbox = new ServiceSandbox();
      const stores = [sandbox.store(), sandbox.store()];
      const [store] = stores as [Store];
      for (const each of steps) {
        await each(stores, sandbox);
        for (const digest of served(store)) expect(existsSync(store.blobs.pathOf(digest)), digest).toBe(true);
      }
      sandbox.clock.pass(GRACE_MS + 1);
      await collect(store, sandbox, false);
      sandbox.clock.pass(DAY_MS);
      await collect(store, sandbox, false);
      const needed = served(store);
      // A subject is kept by what is said about it, where that is kept for itself.
      for (const digest of needed) for (const each of store.metadata.descendants([digest])) needed.add(each);
      for await (const { digest } of store.blobs.list()) expect(needed, digest).toContain(digest);
      for (const { digest } of DOCUMENTS) expect(existsSync(trashPath(sandbox.root, digest))).toBe(false);
    }),
    { seed: 20_260_601, numRuns: 40 },
  );
}, 60_000);
