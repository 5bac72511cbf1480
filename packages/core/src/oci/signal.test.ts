import { expect, test } from 'vitest';
import { parseSignal } from './signal.ts';

test.each([
  { text: 'SIGTERM', number: 15 },
  { text: 'kill', number: 9 },
  { text: '2', number: 2 },
  { text: 'RTMIN', number: 34 },
  { text: 'SIGRTMIN+3', number: 37 },
  { text: 'rtmax-1', number: 63 },
])('reads the signal $text', ({ text, number }) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(['', 'SIGNONE', '0', '65', '-1', 'toString', 'RTMIN-1', 'RTMAX+1', 'RTMID'])(
  'refuses the signal %j',
  (text) => {
    expect(() => parseSignal(text)).toThrow(`Invalid signal: ${text}`);
  },
);
