import type { BuildEvent, Digest, Engine, StepName } from '@wherry/core';

/** An image's ID of one digit. */
export function imageId(digit: string): Digest {
  return `sha256:${digit.repeat(64)}` as Digest;
}

export interface StepParts {
  readonly number: number;
  readonly text: string;
  readonly total?: number;
  readonly stage?: number;
}

export function stepOf({ number, text, total = 3, stage = 0 }: StepParts): StepName {
  return { number, text, total, stage };
}

/** A step of a build that runs something: its events, in order. */
export function ranStep(step: StepName, digit: string, stdout: string, stderr = ''): BuildEvent[] {
  const id = digit.repeat(64);
  const output = (stream: 'stdout' | 'stderr', text: string): BuildEvent[] =>
    text === '' ? [] : [{ kind: 'build-output', step, stream, chunk: Buffer.from(text) }];
  return [
    { kind: 'build-step', step },
    { kind: 'build-step-runs', step, id },
    ...output('stdout', stdout),
    ...output('stderr', stderr),
    { kind: 'build-step-done', step, id, image: imageId(digit) },
  ];
}

/** An engine whose build does this, then ends with an image, or with an error. */
export function buildEngine(
  events: readonly BuildEvent[],
  result: Awaited<ReturnType<Engine['build']>> | Error = { id: imageId('9'), names: [], warnings: [] },
): Partial<Engine> {
  return {
    build: async (_request, options) => {
      for (const event of events) options?.onBuildEvent?.(event);
      if (result instanceof Error) throw result;
      return result;
    },
  };
}
