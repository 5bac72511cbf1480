import { expect, test } from 'vitest';
import { goDuration, goQuotedRune, goQuotedStrings } from './go-format.ts';

test.each([
  { nanoseconds: 0, text: '0s' },
  { nanoseconds: 5e9, text: '5s' },
  { nanoseconds: 90e9, text: '1m30s' },
  { nanoseconds: 3600e9, text: '1h0m0s' },
  { nanoseconds: 1.5e9, text: '1.5s' },
  { nanoseconds: 500e6, text: '500ms' },
  { nanoseconds: 2500, text: '2.5µs' },
  { nanoseconds: 7, text: '7ns' },
])('a duration of $nanoseconds ns is $text', ({ nanoseconds, text }) => {
  expect(goDuration(nanoseconds)).toBe(text);
});

test.each([
  { number: 0, text: "'\\x00'" },
  { number: 3, text: "'\\x03'" },
  { number: 10, text: "'\\n'" },
  { number: 39, text: "'\\''" },
  { number: 65, text: "'A'" },
])('the number $number is quoted as $text', ({ number, text }) => {
  expect(goQuotedRune(number)).toBe(text);
});

test('texts are quoted as Go does', () => {
  expect(goQuotedStrings(['a "b"', 'c\\d', '\u0001é\n'])).toBe('["a \\"b\\"" "c\\\\d" "\\x01é\\n"]');
});
