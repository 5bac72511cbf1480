import { type BuildEvent, formatPlatform, type StepName } from '@wherry/core';

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

/** What nothing of a step follows; of an instruction that a base brought along, nothing of that one. */
export type StepEnd = Extract<
  StepEvent,
  { readonly kind: 'build-step-cached' | 'build-step-done' | 'build-step-failed' }
>;

export function endsStep(event: StepEvent): event is StepEnd {
  const { kind } = event;
  return kind === 'build-step-cached' || kind === 'build-step-done' || kind === 'build-step-failed';
}

/** `[linux/arm64] `, in a build for several platforms. */
export function platformPrefix({ platform }: BuildEvent): string {
  return platform === undefined ? '' : `[${formatPlatform(platform)}] `;
}
