import type { StageLayer } from '../build-deps.ts';
import type { StepKind } from '../cache/build-cache.ts';
import { stepKey } from '../cache/step-key.ts';
import type { StepInputs } from '../step-inputs.ts';
import type { StageContext, StepState } from './step-state.ts';

/** What an earlier build made of the same inputs; `undefined`: nothing, or the cache is not to be asked. */
export async function findCached(
  context: StageContext,
  state: StepState,
  inputs: StepInputs,
): Promise<{ readonly layer?: StageLayer } | undefined> {
  const { deps, noCache } = context;
  if (noCache) return undefined;
  const key = stepKey(inputs);
  const record = await deps.cache.find(key);
  if (record === undefined) return undefined;
  if ('origin' in record) await putCached(context, state, inputs, record.layer, record.kind);
  else deps.cache.touch(key);
  return record.layer ? { layer: record.layer } : {};
}

/**
 * Has the step to itself: who builds the same meanwhile waits, and then finds what was made. `undefined`: the cache is
 * not to be asked, so nobody waits for it either.
 */
export async function claimStep(
  { deps, noCache }: StageContext,
  inputs: StepInputs,
): Promise<AsyncDisposable | undefined> {
  return noCache ? undefined : deps.cache.claim(stepKey(inputs), deps.signal);
}

/** Keeps what a step made for builds to come. */
export async function putCached(
  { deps }: StageContext,
  { slot, step }: StepState,
  inputs: StepInputs,
  layer: StageLayer | undefined,
  kind: StepKind = 'regular',
): Promise<void> {
  await deps.cache.put({ slot, kind, description: step.text, inputs, ...(layer && { layer }) });
}
