import { describe, expect, test } from 'vitest';
import { parsePastTime } from './past-time.ts';

const NOW = new Date('2026-11-23T21:48:09.500Z');

/** A time without a zone is in `NOW`'s. */
function local(text: string): string {
  return new Date(Date.parse(`${text}Z`) + NOW.getTimezoneOffset() * 60e3).toISOString();
}

describe('parsePastTime', () => {
  test.each([
    { text: '1h', time: '2026-11-23T20:48:09.000Z' },
    { text: '1h30m', time: '2026-11-23T20:18:09.000Z' },
    { text: '1.5h', time: '2026-11-23T20:18:09.000Z' },
    { text: '-1h', time: '2026-11-23T22:48:09.000Z' },
    { text: '500ms', time: '2026-11-23T21:48:09.000Z' },
    { text: '0', time: '1970-01-01T00:00:00.000Z' },
    { text: '1136073600', time: '2006-01-01T00:00:00.000Z' },
    { text: '1136073600.25', time: '2006-01-01T00:00:00.250Z' },
    { text: '2006-01-02', time: local('2006-01-02T00:00:00') },
    { text: '2006-01-02T15', time: local('2006-01-02T15:00:00') },
    { text: '2006-01-02T15:04', time: local('2006-01-02T15:04:00') },
    { text: '2021-06-01T00:00:00', time: local('2021-06-01T00:00:00') },
    { text: '2006-01-02T15:04:05.123456789', time: local('2006-01-02T15:04:05.123') },
    { text: '2006-01-02Z', time: '2006-01-02T00:00:00.000Z' },
    { text: '2006-01-02T15:04:05Z', time: '2006-01-02T15:04:05.000Z' },
    { text: '2006-01-02T15:04:05+02:00', time: '2006-01-02T13:04:05.000Z' },
    { text: '2006-01-02T15:04-07:30', time: '2006-01-02T22:34:00.000Z' },
    { text: '0099-01-02T00:00:00Z', time: '0099-01-02T00:00:00.000Z' },
  ])('reads $text', ({ text, time }) => expect(parsePastTime(text, NOW).toISOString()).toBe(time));

  test.each([
    'yesterday',
    '',
    '1d',
    '1h 30m',
    'h',
    '2021-02-30',
    '2021-13-01',
    '2021-06-01T24:00',
    '99999999h',
    '9'.repeat(400),
  ])('refuses %j', (text) =>
    expect(() => parsePastTime(text, NOW)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `failed to parse value as time or duration: ${JSON.stringify(text)}`,
      }),
    ),
  );
});
