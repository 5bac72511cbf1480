import { describe, expect, test } from 'vitest';
import { WherryError } from '../errors.ts';
import { instantClock } from '../testing/registry-client-suite.ts';
import { RetryPolicy, retryAfterMs } from './retry.ts';

const { clock } = instantClock();
const now = clock.now();
const policy = new RetryPolicy({ clock, random: () => 0.5 });
const answer = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: new Map(Object.entries(headers)),
});

describe('an answer', () => {
  test.each([
    { name: 'a success stands', response: answer(200), waits: undefined },
    { name: 'a refusal stands', response: answer(404), waits: undefined },
    { name: 'a 503 is waited for', response: answer(503), waits: 375 },
    { name: 'a 429 is waited for', response: answer(429), waits: 375 },
    {
      name: 'a 429 with a date',
      response: answer(429, { 'retry-after': new Date(now.getTime() + 9000).toUTCString() }),
      waits: 9250,
    },
    {
      name: 'a 429 that asks for an hour stands',
      response: answer(429, { 'retry-after': '3600' }),
      waits: undefined,
    },
    {
      name: 'a 429 of a used-up quota stands',
      response: answer(429, { 'ratelimit-remaining': '0;w=21600' }),
      waits: undefined,
    },
    { name: 'a 501 stands', response: answer(501), waits: undefined },
  ])('$name', ({ response, waits }) => {
    expect(policy.afterResponse(response, 1)).toBe(waits);
  });

  test('stands after the last attempt', () => {
    expect(policy.afterResponse(answer(503), policy.maxAttempts)).toBeUndefined();
  });
});

test.each([
  { reason: 'broken', again: true },
  { reason: 'timeout', again: true },
  { reason: 'refused', again: false },
  { reason: 'unknown-host', again: false },
])('a connection that is $reason is tried again: $again', ({ reason, again }) => {
  const error = new WherryError('UNREACHABLE', 'x', { details: { reason } });
  expect(policy.afterError(error, 1) !== undefined).toBe(again);
});

test('waits longer each time, up to a bound', () => {
  expect([1, 2, 3, 20].map((attempt) => policy.backOff(attempt))).toEqual([375, 750, 1500, 22_500]);
});

test.each([
  { header: undefined, ms: undefined },
  { header: '0', ms: 0 },
  { header: ' 12 ', ms: 12_000 },
  { header: '-1', ms: undefined },
  { header: 'soon', ms: undefined },
  { header: '99999999999999', ms: undefined },
  { header: new Date(now.getTime() - 5000).toUTCString(), ms: 0 },
])('Retry-After $header is $ms ms', ({ header, ms }) => {
  expect(retryAfterMs(header, now)).toBe(ms);
});
