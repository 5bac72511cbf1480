import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { metadataStoreSuite } from '../testing/metadata-store-suite.ts';
import { SqliteMetadataStore } from './sqlite-metadata-store.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'wherry-metadata-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

metadataStoreSuite('SqliteMetadataStore', async (clock) =>
  SqliteMetadataStore.open(await mkdtemp(join(base, 'store-')), { clock }),
);
