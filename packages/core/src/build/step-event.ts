import type { BuildEvent, StepName } from './build-event.ts';

/** An event of one step. */
export type StepEvent = Extract<BuildEvent, { readonly step: StepName }>;

export function isStepEvent(event: BuildEvent): event is StepEvent {
  return 'step' in event;
}

/** What nothing of a step follows; of an instruction that a base brought along, nothing of that one. */
export type StepEnd = Extract<
  StepEvent,
  { readonly kind: 'build-step-cached' | 'build-step-done' | 'build-step-failed' }
>;

export function endsStep(event: StepEvent): event is StepEnd {
  const { kind } = event;
  return kind === 'build-step-cached' || kind === 'build-step-done' || kind === 'build-step-failed';
}
