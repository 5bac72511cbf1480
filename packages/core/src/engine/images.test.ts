import { describe, expect, test } from 'vitest';
import { EngineSandbox } from '../testing/engine-sandbox.ts';
import { storeImage } from '../testing/stored-image.ts';
import type { ImagesRequest } from './engine.ts';

/** What the listing of a store of six images shows of each, newest first. */
async function listed(sandbox: EngineSandbox, request: ImagesRequest): Promise<string[]> {
  const store = sandbox.store();
  const at = (month: number) => ({ created: `2026-0${month}-01T00:00:00Z` });
  const base = storeImage(store, 'base', { ...at(1), names: ['ubuntu:18.04', 'mine:1'] });
  const step = storeImage(store, 'step', { ...at(2), parent: base.id });
  storeImage(store, 'app', { ...at(3), parent: step.id, names: ['app:1'], labels: { tier: 'web' } });
  storeImage(store, 'leaf', { ...at(4), labels: { tier: 'db' } });
  storeImage(store, 'digest', { ...at(5), names: [`hello@sha256:${'a'.repeat(64)}`], size: 5_000_000 });
  storeImage(store, 'new', { ...at(6), names: ['ubuntu:20.04'] });
  const rows = await sandbox.engine().images(request);
  return rows.map(({ repoTags, repoDigests, created }) => {
    const names = [...repoTags, ...repoDigests.map((name) => name.split('@')[0])];
    return names.length > 0 ? names.join(' ') : `<none> ${created?.getUTCMonth()}`;
  });
}

describe('images', () => {
  test.each<{ filters: string[]; all?: boolean; pattern?: string; rows: string[] }>([
    { filters: [], rows: ['ubuntu:20.04', 'hello', '<none> 3', 'app:1', 'mine:1 ubuntu:18.04'] },
    { filters: ['dangling=true'], rows: ['hello', '<none> 3'] },
    { filters: ['dangling=true'], all: true, rows: ['hello', '<none> 3'] },
    { filters: ['dangling=false'], rows: ['ubuntu:20.04', 'hello', 'app:1', 'mine:1 ubuntu:18.04'] },
    { filters: ['label=tier'], rows: ['<none> 3', 'app:1'] },
    { filters: ['label=tier=web'], rows: ['app:1'] },
    { filters: ['label=tier=web', 'label=tier=db'], rows: [] },
    { filters: ['before=ubuntu:20.04', 'since=app:1'], rows: ['hello', '<none> 3'] },
    { filters: ['before=app:1', 'before=mine:1'], all: true, rows: ['<none> 1', 'mine:1 ubuntu:18.04'] },
    { filters: ['since=ubuntu:20.04'], rows: [] },
    { filters: ['reference=ubuntu'], rows: ['ubuntu:20.04', 'ubuntu:18.04'] },
    { filters: ['reference=ubuntu', 'before=app:1'], rows: ['ubuntu:18.04'] },
    { filters: ['reference=app'], pattern: 'ubuntu', rows: ['ubuntu:20.04', 'app:1', 'ubuntu:18.04'] },
    { filters: ['dangling=true', 'reference=hello'], rows: ['hello'] },
    { filters: ['size>1MB'], rows: ['hello'] },
    { filters: ['size<1MB', 'since=app:1'], rows: ['ubuntu:20.04', '<none> 3'] },
  ])('with $filters $pattern', async ({ rows, ...request }) => {
    await using sandbox = new EngineSandbox();
    expect(await listed(sandbox, request)).toEqual(rows);
  });

  test.each([
    { filters: ['before=nosuch:1'], code: 'IMAGE_UNKNOWN', message: 'No such image: nosuch:1' },
    { filters: ['since=nosuch'], code: 'IMAGE_UNKNOWN', message: 'No such image: nosuch:latest' },
    { filters: ['label!=x'], code: 'INVALID_ARGUMENT', message: "Invalid filter 'label!'" },
  ])('refuses $filters', async ({ filters, ...error }) => {
    await using sandbox = new EngineSandbox();
    await expect(listed(sandbox, { filters })).rejects.toMatchObject(error);
  });
});

test('counts the containers of images where that is asked for', async () => {
  await using sandbox = new EngineSandbox();
  const store = sandbox.store();
  const { id } = storeImage(store, 'app', { names: ['app:1'] });
  storeImage(store, 'idle', { names: ['idle:1'] });
  for (const name of ['one', 'two']) {
    const container = { id: name, name, imageId: id, createdAt: new Date(0), record: {} };
    store.metadata.putContainer(container);
  }
  const counted = await sandbox.engine().images({ containers: true });
  const counts = Object.fromEntries(counted.map(({ repoTags, containers }) => [repoTags[0], containers]));
  expect(counts).toEqual({ 'app:1': 2, 'idle:1': 0 });
  expect((await sandbox.engine().images())[0]).not.toHaveProperty('containers');
});

test('tells the manifests of images where that is asked for', async () => {
  await using sandbox = new EngineSandbox();
  const { manifest } = storeImage(sandbox.store(), 'app', { names: ['app:1'] });
  const rows = await sandbox.engine().images({ manifests: true });
  expect(rows.map((row) => row.manifest)).toEqual([manifest]);
  expect((await sandbox.engine().images())[0]).not.toHaveProperty('manifest');
});
