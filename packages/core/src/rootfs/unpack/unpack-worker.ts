import { parentPort } from 'node:worker_threads';
import { packError } from '../../layer/error-transfer.ts';
import { unpackFile } from './unpack-file.ts';
import type { UnpackReply, UnpackRequest } from './unpack-protocol.ts';

parentPort?.on('message', async (request: UnpackRequest) => {
  parentPort?.postMessage(await answer(request));
});

async function answer(request: UnpackRequest): Promise<UnpackReply> {
  try {
    return { facts: await unpackFile(request) };
  } catch (error) {
    return { error: packError(error) };
  }
}
