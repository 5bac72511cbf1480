import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno, openEngine } from '@wherry/core';
import { forgetRuntimeState, type PastContainer, putPastContainers } from '@wherry/core/testing';
import { type RecordedImages, recordedImage } from '@wherry/core/testing/golden';
import type { GoldenCase } from './cases.ts';
import { isOfContainers, runsProgram } from './container-needs.ts';
import { recordedContainers } from './recorded-containers.ts';
import type { Sandbox } from './sandbox.ts';
import { loadImage } from './state.ts';

/** Processes that look after a container which has ended go within this. */
const END_MS = 5000;
const POLL_MS = 20;

/**
 * Puts a case's containers into a store that has its images; `undefined`: it is not about containers. Disposing
 * the result ends and removes whatever runs.
 */
export async function setScene(
  recorded: GoldenCase,
  sandbox: Sandbox,
  images: RecordedImages,
): Promise<AsyncDisposable | undefined> {
  if (!isOfContainers(recorded)) return undefined;
  const past = recordedContainers(recorded, images);
  const gone = goneImages(recorded, images);
  await using engine = openEngine({ root: sandbox.root, env: { HOME: sandbox.home } });
  for (const shortId of gone) await loadImage(engine, recordedImage(images, shortId, null));
  const monitors = await putPastContainers(sandbox.root, past);
  for (const shortId of gone) await engine.remove({ image: images.placed(shortId), force: true });
  return {
    [Symbol.asyncDispose]: async () => {
      if (runsProgram(recorded)) await endAll(sandbox, past);
      monitors[Symbol.dispose]();
    },
  };
}

/** Images of containers that were removed since. */
function goneImages({ state_before: before }: GoldenCase, images: RecordedImages): readonly string[] {
  const { containers = [], images: there = [] } = before ?? {};
  const used = containers.flatMap((line) => /image=sha256:(\w{12})/.exec(line)?.[1] ?? []);
  return [...new Set(used)].filter(
    (id) => images.find(id) !== undefined && !there.some((line) => line.startsWith(id)),
  );
}

async function endAll({ root, home }: Sandbox, past: readonly PastContainer[]): Promise<void> {
  await using engine = openEngine({ root, env: { HOME: home } });
  // For the others this very process stands in.
  const standIns = new Set(past.filter(({ isReal }) => !isReal).map(({ id }) => id));
  for (const { container } of await engine.containers.list({ all: true }))
    if (!standIns.has(container.id)) await engine.containers.remove({ container: container.id, force: true });
  for (let waited = 0; hasProcesses(root); waited += POLL_MS) {
    if (waited >= END_MS) throw new Error(`processes in ${root} have not ended`);
    await sleep(POLL_MS);
  }
  forgetRuntimeState(root);
}

/** Monitors, and what they start at the end, have the store's path in their command lines. */
function hasProcesses(root: string): boolean {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.some((id) => id !== String(process.pid) && commandLineOf(id).includes(root));
}

function commandLineOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
}
