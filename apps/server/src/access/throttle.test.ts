import { expect, test } from 'vitest';
import { Throttle } from './throttle.ts';

function start() {
  let now = 1_000_000;
  const throttle = new Throttle(() => now);
  const fail = (address: string, times: number) => {
    for (let count = 0; count < times; count++) throttle.fail(address);
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { throttle, fail, pass };
}

test('an address waits longer with each failure, up to a minute', () => {
  const { throttle, fail } = start();
  const delays: number[] = [];
  fail('10.0.0.1', 4);
  for (let count = 0; count < 9; count++) {
    delays.push(throttle.delayOf('10.0.0.1'));
    fail('10.0.0.1', 1);
  }
  expect(delays).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(throttle.delayOf('10.0.0.2')).toBe(0);
});

test('a wait ends, success ends it all, and so does time', () => {
  const { throttle, fail, pass } = start();
  fail('a', 6);
  pass(1999);
  expect(throttle.delayOf('a')).toBe(1);
  pass(1);
  expect(throttle.delayOf('a')).toBe(0);
  fail('a', 1);
  expect(throttle.delayOf('a')).toBe(4000);
  throttle.succeed('a');
  expect(throttle.delayOf('a')).toBe(0);
  fail('a', 20);
  pass(15 * 60_000);
  fail('a', 1);
  expect(throttle.delayOf('a')).toBe(0);
});

test.each([
  { name: 'of one network of IPv6', one: '2001:db8:0:1::1', other: '2001:db8:0:1:ffff::2', same: true },
  { name: 'of two networks', one: '2001:db8:0:1::1', other: '2001:db8:0:2::1', same: false },
  { name: 'written in full', one: '2001:db8::1', other: '2001:0db8:0000:0000:0:0:0:2', same: true },
  { name: 'of IPv4 within IPv6', one: '::ffff:10.0.0.1', other: '10.0.0.1', same: true },
  { name: 'of two hosts within IPv6', one: '::ffff:10.0.0.1', other: '::ffff:10.0.0.2', same: false },
])('addresses $name count together: $same', ({ one, other, same }) => {
  const { throttle, fail } = start();
  fail(one, 6);
  expect(throttle.delayOf(other) > 0).toBe(same);
});

test('what is remembered is bounded, and the address that was quiet the longest goes first', () => {
  const { throttle, fail } = start();
  fail('first', 6);
  fail('second', 6);
  fail('first', 1);
  for (let host = 0; host < 9_999; host++) throttle.fail(`10.1.${host >> 8}.${host & 255}`);
  expect([throttle.delayOf('first') > 0, throttle.delayOf('second')]).toEqual([true, 0]);
});
