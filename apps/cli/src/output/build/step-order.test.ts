import { type StepEvent, StepOrder } from '@wherry/core';
import { expect, test } from 'vitest';
import { ranStep, stepOf } from '../../testing/build-events.ts';

const FIRST = ranStep(stepOf({ number: 1, text: 'RUN a' }), '1', '') as StepEvent[];
const LATER = stepOf({ number: 2, text: 'RUN b', stage: 1 });

test('of much output before its turn the beginning goes, and that is told', () => {
  const printed: (string | number)[] = [];
  const order = new StepOrder({
    print: (event) =>
      printed.push(event.kind === 'build-output' ? Buffer.from(event.chunk).toString() : event.kind),
    tellOfDropped: (bytes) => printed.push(bytes),
    maxHeldBytes: 4,
  });
  const chunks = ['ab', 'cd', 'ef'].map(
    (text): StepEvent => ({ kind: 'build-output', step: LATER, stream: 'stdout', chunk: Buffer.from(text) }),
  );
  for (const event of [{ kind: 'build-step', step: LATER } as const, ...chunks, ...FIRST]) order.add(event);
  expect(printed).toEqual(['build-step', 'build-step-runs', 'build-step-done', 'build-step', 2, 'cd', 'ef']);
});

test('a step without an end is over when the next one of its stage begins', () => {
  const printed: string[] = [];
  const order = new StepOrder({
    print: ({ step }) => printed.push(step.text),
    tellOfDropped: () => undefined,
  });
  order.add({ kind: 'build-step', step: stepOf({ number: 2, text: 'FROM a' }) });
  order.add({ kind: 'build-step', step: stepOf({ number: 1, text: 'ARG A' }) });
  expect(printed).toEqual(['ARG A', 'FROM a']);
});

test('a step waits for all that its predecessor’s base brought along', () => {
  const printed: string[] = [];
  const order = new StepOrder({
    print: ({ step }) => printed.push(step.text),
    tellOfDropped: () => undefined,
  });
  const [begin, , end] = FIRST as [StepEvent, StepEvent, StepEvent];
  order.add(begin);
  order.add({ kind: 'build-triggers', step: begin.step, count: 1 });
  order.add({ kind: 'build-step', step: LATER });
  order.add(end);
  order.add({ ...end, step: { ...end.step, text: '# RUN x' } });
  expect(printed).toEqual(['RUN a', 'RUN a', 'RUN a', '# RUN x', 'RUN b']);
});
