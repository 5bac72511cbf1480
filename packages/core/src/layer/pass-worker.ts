import { parentPort } from 'node:worker_threads';
import { createNodeHasher } from '../bytes/node-hasher.ts';
import type { HasherFactory } from '../digest.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmHasher } from '../wasm/wasm-hasher.ts';
import { packError } from './error-transfer.ts';
import { drainHashRing } from './hash-ring.ts';
import { passFile } from './pass-file.ts';
import type { HashEngine, HashRequest, PassRequest, WorkerReply } from './pass-protocol.ts';

parentPort?.on('message', async (request: PassRequest | HashRequest) => {
  parentPort?.postMessage(await answer(request));
});

async function answer(request: PassRequest | HashRequest): Promise<WorkerReply> {
  try {
    const createHasher = hasherFactory(request.hashEngine);
    if (request.kind === 'pass') return { facts: await passFile(request, createHasher) };
    drainHashRing(request.hashRing, createHasher);
    return {};
  } catch (error) {
    return { error: packError(error) };
  }
}

function hasherFactory(engine: HashEngine): HasherFactory {
  return engine === 'wasm' ? () => WasmHasher.create(loadCoreModuleSync()) : () => createNodeHasher();
}
