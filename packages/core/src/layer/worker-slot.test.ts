import { expect, test } from 'vitest';
import { startNode } from '../testing/node-child.ts';

/** Answers, then goes on with what no one can interrupt. */
const LINGERING_WORKER = `
import { pbkdf2Sync } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
parentPort.on('message', (flag) => {
  parentPort.postMessage({});
  Atomics.store(new Int32Array(flag), 0, 1);
  Atomics.notify(new Int32Array(flag), 0);
  pbkdf2Sync('', '', 2_000_000, 32, 'sha256');
});`;

test('a thread that is ended as its answer comes keeps the process alive until it has ended', async () => {
  const workerUrl = `data:text/javascript,${encodeURIComponent(LINGERING_WORKER)}`;
  await using child = startNode(
    `
    const slot = new slots.WorkerSlot(new URL(${JSON.stringify(workerUrl)}), () => {});
    const flag = new SharedArrayBuffer(4);
    slot.request(flag).catch(() => {});
    process.stdin.unref();
    Atomics.wait(new Int32Array(flag), 0, 0);
    slot.terminate().then(() => console.log('ended'));
    `,
    { slots: new URL('./worker-slot.ts', import.meta.url) },
  );
  await expect(child.line()).resolves.toBe('ended');
});
