import { afterEach, beforeEach, expect, test } from 'vitest';
import { GRACE_MS } from '../../../metadata/sweep.ts';
import { imageOf, indexOf, pushDocument, ServiceSandbox } from '../../../testing/service-sandbox.ts';
import type { Store } from '../../store/store.ts';
import { applyRetention } from './apply-retention.ts';
import { collectGarbage } from './collect-garbage.ts';

const DAY_MS = 24 * 3600 * 1000;
const RULES = [{ prefix: 'team', keepNewest: 1 }];

let sandbox: ServiceSandbox;
let store: Store;

beforeEach(async () => {
  sandbox = new ServiceSandbox();
  store = sandbox.store();
  for (const [at, tag] of ['old', 'new'].entries()) {
    const image = imageOf(tag);
    await pushDocument(store, 'team/app', image);
    await pushDocument(store, 'team/app', indexOf(image), tag);
    await pushDocument(store, 'team/app', imageOf(`signature of ${tag}`, image));
    store.metadata.registryTags.setPushedAt('team/app', tag, new Date(sandbox.clock.ms + at));
  }
  sandbox.clock.pass(GRACE_MS + 1);
});
afterEach(() => sandbox[Symbol.dispose]());

const deps = () => ({ store, now: sandbox.clock.now });
const tags = () => store.metadata.listTags('team/app');

test('explains every tag in a dry run, and touches none', async () => {
  const { fates, removed } = await applyRetention(deps(), { rules: RULES, dryRun: true });
  expect(fates.map(({ tag, isKept }) => [tag, isKept])).toEqual([
    ['new', true],
    ['old', false],
  ]);
  expect(removed).toEqual([]);
  expect(tags()).toEqual(['new', 'old']);
});

test('takes tags off with their manifests, and what is said about those; the content goes by collection', async () => {
  await pushDocument(store, 'team/app', imageOf('pushed by digest'));
  sandbox.clock.pass(GRACE_MS + 1);
  const heard: string[] = [];
  const onRemoved = ({ tag }: { readonly tag: string }) => heard.push(tag);
  await applyRetention({ ...deps(), onRemoved }, { rules: RULES });
  expect(heard).toEqual(['old']);
  expect(tags()).toEqual(['new']);
  expect(store.metadata.listCatalog()).toHaveLength(4);
  const request = { trashGraceMs: DAY_MS, uploadMaxAgeMs: DAY_MS, keepUntagged: true };
  expect((await collectGarbage(deps(), request)).items).toHaveLength(7);
});

test('leaves a tag that was pushed again meanwhile', () => {
  const all = store.metadata.registryTags.list();
  store.metadata.registryTags.setPushedAt('team/app', 'old', new Date(sandbox.clock.ms));
  expect(store.metadata.registryTags.remove(all).map(({ tag }) => tag)).toEqual(['new']);
});

test('refuses a rule that would keep nothing', async () => {
  await expect(applyRetention(deps(), { rules: [{ prefix: 'team', pinned: ['x'] }] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'retention of "team" keeps no tag at all',
  });
});
