import type { StepInputs } from '../step-inputs.ts';
import type { BuildCache, RecordedInputs, StepRecord } from './build-cache.ts';
import { type FilesChange, filesChange } from './files-change.ts';
import { stepKey } from './step-key.ts';

/** A step whose fate is asked for, before it runs. */
export interface ExplainedStep {
  readonly inputs: StepInputs;
  readonly slot: string;
  /** The instruction as written. */
  readonly description: string;
  /** The cache was not asked. */
  readonly noCache?: boolean;
}

/** One thing that is not as it was when the step last ran. */
export type StepChange =
  | { readonly kind: 'base'; readonly from: string; readonly to: string }
  | { readonly kind: 'instruction'; readonly from: string; readonly to: string }
  /** `from` or `to` is absent where there was, or is, no such value. */
  | { readonly kind: 'value'; readonly name: string; readonly from?: string; readonly to?: string }
  | FilesChange;

/** Why a step need not run, or why it must. */
export type Explanation =
  | { readonly kind: 'hit'; readonly record: StepRecord }
  /** Another place had it. */
  | { readonly kind: 'imported'; readonly origin: string }
  | { readonly kind: 'no-cache' }
  /** It was here, as it is, and a prune took it. */
  | { readonly kind: 'pruned' }
  /** Nothing like it is known. */
  | { readonly kind: 'new' }
  /** `record` is the nearest that is known. */
  | { readonly kind: 'changed'; readonly record: StepRecord; readonly changes: readonly StepChange[] };

/** Says why a step hits or misses, comparing with the nearest earlier record. To be asked before it runs. */
export async function explain(step: ExplainedStep, cache: BuildCache): Promise<Explanation> {
  if (step.noCache) return { kind: 'no-cache' };
  const key = stepKey(step.inputs);
  const record = await cache.find(key);
  if (record)
    return 'origin' in record ? { kind: 'imported', origin: record.origin } : { kind: 'hit', record };
  if (cache.wasPruned(key)) return { kind: 'pruned' };
  const nearest = nearestOf(step, cache.latestFor(step.slot, step.description));
  if (!nearest) return { kind: 'new' };
  const changes: StepChange[] = [...nearest.changes];
  const { inputs } = step;
  if (inputs.files?.digest !== nearest.record.inputs.files)
    changes.push(filesChange(await cache.filesOf(nearest.record), inputs.files));
  return { kind: 'changed', record: nearest.record, changes };
}

interface Compared {
  readonly record: StepRecord;
  /** All but those of files. */
  readonly changes: readonly StepChange[];
  readonly distance: number;
}

/** The one with the fewest differences, and the first of several. */
function nearestOf(step: ExplainedStep, candidates: readonly StepRecord[]): Compared | undefined {
  let nearest: Compared | undefined;
  for (const record of candidates) {
    const changes = compare(record.inputs, step.inputs);
    const distance = changes.length + (record.inputs.files === step.inputs.files?.digest ? 0 : 1);
    // A record without a difference is one that another process removes now.
    if (distance > 0 && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY))
      nearest = { record, changes, distance };
  }
  return nearest;
}

function compare(before: RecordedInputs, now: StepInputs): StepChange[] {
  const changes: StepChange[] = [];
  if (before.base !== now.base) changes.push({ kind: 'base', from: before.base, to: now.base });
  if (before.instruction !== now.instruction)
    changes.push({ kind: 'instruction', from: before.instruction, to: now.instruction });
  const names = new Set([...Object.keys(before.values), ...Object.keys(now.values)]);
  for (const name of [...names].sort()) {
    const [from, to] = [before.values[name], now.values[name]];
    if (from === to) continue;
    changes.push({
      ...{ kind: 'value', name },
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    });
  }
  return changes;
}
