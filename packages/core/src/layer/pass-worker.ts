import { parentPort } from 'node:worker_threads';
import { packError } from './error-transfer.ts';
import { hashPiece } from './hash-piece.ts';
import { drainHashRing } from './hash-ring.ts';
import { hashersOf } from './hashers.ts';
import { passFile } from './pass-file.ts';
import type { WorkerReply, WorkerRequest } from './pass-protocol.ts';

parentPort?.on('message', async (request: WorkerRequest) => {
  parentPort?.postMessage(await answer(request));
});

async function answer(request: WorkerRequest): Promise<WorkerReply> {
  try {
    if (request.kind === 'piece') return { hashed: hashPiece(request.piece) };
    const createHasher = hashersOf(request.hashEngine);
    if (request.kind === 'pass') return { facts: await passFile(request, createHasher) };
    drainHashRing(request.hashRing, createHasher);
    return {};
  } catch (error) {
    return { error: packError(error) };
  }
}
