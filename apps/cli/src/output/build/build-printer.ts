import type { BuildEvent, StepName } from '@wherry/core';

/** Shows how a build gets on. */
export interface BuildPrinter {
  add(event: BuildEvent): void;
  /** Prints what was kept back; of a build that failed too. Nothing comes after it. */
  close(): void;
}

/** An event of one step. */
export type StepEvent = Extract<BuildEvent, { readonly step: StepName }>;

export function isStepEvent(event: BuildEvent): event is StepEvent {
  return 'step' in event;
}

/** Whether nothing of a step follows; of an instruction that a base brought along, nothing of that one. */
export function endsStep({ kind }: BuildEvent): boolean {
  return kind === 'build-step-cached' || kind === 'build-step-done' || kind === 'build-step-failed';
}
