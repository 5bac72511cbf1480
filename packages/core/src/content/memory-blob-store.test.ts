import { blobStoreSuite, createTestHasher } from '../testing/blob-store-suite.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';

blobStoreSuite('MemoryBlobStore', async () => new MemoryBlobStore({ createHasher: createTestHasher }));
