import { parentPort } from 'node:worker_threads';
import { packError } from './error-transfer.ts';
import { drainHashRing } from './hash-ring.ts';
import { hashersOf } from './hashers.ts';
import { passFile } from './pass-file.ts';
import type { HashRequest, PassRequest, WorkerReply } from './pass-protocol.ts';

parentPort?.on('message', async (request: PassRequest | HashRequest) => {
  parentPort?.postMessage(await answer(request));
});

async function answer(request: PassRequest | HashRequest): Promise<WorkerReply> {
  try {
    const createHasher = hashersOf(request.hashEngine);
    if (request.kind === 'pass') return { facts: await passFile(request, createHasher) };
    drainHashRing(request.hashRing, createHasher);
    return {};
  } catch (error) {
    return { error: packError(error) };
  }
}
