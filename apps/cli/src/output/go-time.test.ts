import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { goTimePrinter } from './go-time.ts';

const zone = process.env.TZ;
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

function print(timeZone: string, time: string): string {
  process.env.TZ = timeZone;
  return goTimePrinter()(new Date(time));
}

test('prints the zero time for none', () => {
  expect(goTimePrinter()(undefined)).toBe('0001-01-01 00:00:00 +0000 UTC');
});

test('prints UTC', () => {
  expect(print('UTC', '2021-08-31T01:20:48.9Z')).toBe('2021-08-31 01:20:48 +0000 UTC');
});

describe.skipIf(!existsSync('/usr/share/zoneinfo/Asia/Tokyo'))('with a time zone database', () => {
  test.each([
    { timeZone: 'Europe/Berlin', january: '+0100 CET', july: '+0200 CEST' },
    { timeZone: 'America/New_York', january: '-0500 EST', july: '-0400 EDT' },
    { timeZone: 'Asia/Tokyo', january: '+0900 JST', july: '+0900 JST' },
    { timeZone: 'America/Sao_Paulo', january: '-0300 -03', july: '-0300 -03' },
    { timeZone: 'Asia/Kathmandu', january: '+0545 +0545', july: '+0545 +0545' },
    { timeZone: 'Australia/Lord_Howe', january: '+1100 +11', july: '+1030 +1030' },
    { timeZone: 'Europe/Dublin', january: '+0000 GMT', july: '+0100 IST' },
  ])('names the times of $timeZone', ({ timeZone, january, july }) => {
    expect(print(timeZone, '2024-01-15T12:00:00Z').slice(20)).toBe(january);
    expect(print(timeZone, '2024-07-15T12:00:00Z').slice(20)).toBe(july);
  });
});
