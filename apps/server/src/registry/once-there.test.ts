import { expect, test } from 'vitest';
import { onceThere } from './once-there.ts';

test('goes on at once with what is at hand, and throws at once', () => {
  expect(onceThere(1, (value) => value + 1)).toBe(2);
  const fail = () => {
    throw new Error('no');
  };
  expect(() => onceThere(1, fail)).toThrow('no');
});

test('waits for what comes', async () => {
  const coming = onceThere(Promise.resolve(1), async (value) => value + 1);
  expect(coming).toBeInstanceOf(Promise);
  expect(await coming).toBe(2);
  await expect(onceThere(Promise.reject(new Error('no')), () => 1)).rejects.toThrow('no');
});
