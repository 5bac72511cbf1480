import { describe, expect, test } from 'vitest';
import { createLog } from './log.ts';
import type { LogLevel } from './logger.ts';

const now = () => new Date('2026-01-02T03:04:05.678Z');

function linesOf(format: 'json' | 'text', level: LogLevel = 'info') {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, now, write: (text) => void lines.push(text) }) };
}

test('writes an object a line', () => {
  const { log, lines } = linesOf('json');
  log.info('GET /v2/ 200 3 ms', { id: 'a-1', status: 200, caller: undefined });
  expect(lines).toEqual([
    '{"level":"info","time":"2026-01-02T03:04:05.678Z","id":"a-1","status":200,"msg":"GET /v2/ 200 3 ms"}\n',
  ]);
});

test('writes a line for people', () => {
  const { log, lines } = linesOf('text');
  log.warn('disk is nearly full', { free: 12, of: 'a "store"', caller: undefined, more: { a: 1 } });
  expect(lines).toEqual([
    '2026-01-02T03:04:05.678Z warn  disk is nearly full free=12 of="a \\"store\\"" more="{\\"a\\":1}"\n',
  ]);
});

describe.each(['json', 'text'] as const)('as %s', (format) => {
  test('leaves out what is below the level, which may change', () => {
    const { log, lines } = linesOf(format, 'warn');
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](level);
    expect(lines).toHaveLength(2);
    log.level = 'debug';
    log.debug('now');
    expect([log.level, lines.length]).toEqual(['debug', 3]);
  });

  test('has what must not wait written at once', () => {
    const flushed: string[] = [];
    const written: string[] = [];
    const log = createLog({
      ...{ level: 'info', format, now },
      write: (text) => void written.push(text),
      flush: () => void flushed.push(...written.splice(0)),
    });
    log.info('a');
    expect(flushed).toHaveLength(0);
    log.warn('b');
    expect(flushed).toHaveLength(2);
    log.error('c');
    expect(flushed).toHaveLength(3);
  });

  test('writes no secrets, whoever hands them in', () => {
    const { log, lines } = linesOf(format);
    log.info('x', { authorization: 'Basic hunter2', 'x-registry-auth': 'hunter2', token: 'hunter2' });
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('a name cannot begin a line of its own, nor move a cursor', () => {
    const { log, lines } = linesOf(format);
    log.info('a\nb\x1b[2J', { caller: 'ada\n2026 error forged', other: 'x\u2028y\x9b' });
    expect(lines).toHaveLength(1);
    for (const char of ['\n', '\x1b']) expect(lines[0]?.slice(0, -1)).not.toContain(char);
  });
});
