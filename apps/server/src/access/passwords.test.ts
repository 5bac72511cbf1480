import bcrypt from 'bcryptjs';
import { beforeEach, expect, test } from 'vitest';
import { PasswordChecker } from './passwords.ts';
import { Throttle } from './throttle.ts';

const ACCOUNTS = new Map([['ada', bcrypt.hashSync('secret', 8)]]);

let now: number;
let checker: PasswordChecker;

beforeEach(() => {
  now = 1_000_000;
  const clock = () => now;
  checker = new PasswordChecker(new Throttle(clock), clock);
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  return process.cpuUsage(start).user;
}

test('a name that is none costs as much as one that is', async () => {
  const known = await timed(() => checker.check(ACCOUNTS, 'ada', 'guess', 'a'));
  const unknown = await timed(() => checker.check(ACCOUNTS, 'eve', 'guess', 'b'));
  expect(unknown).toBeGreaterThan(known / 5);
});

test('a right password is remembered for a while, until the account has another', async () => {
  expect(await checker.check(ACCOUNTS, 'ada', 'secret', 'a')).toBe(true);
  // Remembered, it is taken even from where guesses came.
  for (let guess = 0; guess < 5; guess++) await checker.check(ACCOUNTS, 'ada', `guess${guess}`, 'a');
  expect(await checker.check(ACCOUNTS, 'ada', 'secret', 'a')).toBe(true);
  const changed = new Map([['ada', bcrypt.hashSync('other', 4)]]);
  expect(await checker.check(changed, 'ada', 'secret', 'b')).toBe(false);
  now += 60_000;
  for (let guess = 0; guess < 5; guess++) await checker.check(ACCOUNTS, 'ada', `guess${guess}`, 'c');
  await expect(checker.check(ACCOUNTS, 'ada', 'secret', 'c')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});

test('guesses that come at once count as many', async () => {
  const guesses = Array.from({ length: 20 }, (_, guess) =>
    checker.check(ACCOUNTS, 'ada', `guess${guess}`, 'a'),
  );
  const outcomes = await Promise.allSettled(guesses);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
});

test('requests of one client that come at once are one check', async () => {
  const checks = Array.from({ length: 20 }, () => checker.check(ACCOUNTS, 'ada', 'secret', 'a'));
  expect(await Promise.all(checks)).toEqual(new Array(20).fill(true));
});
