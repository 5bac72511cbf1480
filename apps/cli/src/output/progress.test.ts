import type { Digest, ProgressEvent } from '@wherry/core';
import { expect, test } from 'vitest';
import type { Io, StdOut } from '../io.ts';
import { LOAD_WORDS, openProgress, type PhaseWords, PULL_WORDS, PUSH_WORDS } from './progress.ts';

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;

function digest(start: string): Digest {
  return `sha256:${start.padEnd(64, '0')}` as Digest;
}

function layer(start: string, phase: LayerEvent['phase'], more: Partial<LayerEvent> = {}): LayerEvent {
  return { kind: 'layer', digest: digest(start), phase, ...more };
}

function show(words: PhaseWords, size: { columns: number; rows: number } | undefined, msPerEvent = 1000) {
  const written: string[] = [];
  let ms = 0;
  const out: StdOut = {
    isTTY: size !== undefined,
    ...size,
    write: (text) => {
      written.push(text);
    },
    writeBytes: async () => undefined,
  };
  const now = () => {
    ms += msPerEvent;
    return new Date(ms);
  };
  const io = { stdout: out, stderr: out, now } as unknown as Io;
  return { display: openProgress(io, words), written, text: () => written.join('') };
}

const WIDE = { columns: 120, rows: 40 };

test('a pull on a terminal is what Docker writes, byte for byte', () => {
  const { display, text } = show(PULL_WORDS, WIDE);
  const [a, b] = ['84a4f9c6b13c', 'fa6b118d5288'];
  display.line('20.04: Pulling from library/ubuntu');
  display.layer(layer(a, 'waiting'));
  display.layer(layer(b, 'waiting'));
  display.layer(layer(a, 'downloading', { current: 16_384, total: 1_066_000 }));
  display.layer(layer(b, 'downloading', { current: 208, total: 208 }));
  display.layer(layer(b, 'verifying'));
  display.layer(layer(b, 'downloaded'));
  display.layer(layer(a, 'done'));
  display.line('Digest: sha256:5ba7');
  const empty = ' '.repeat(50);
  const full = '='.repeat(50);
  expect(text()).toBe(
    '20.04: Pulling from library/ubuntu\n' +
      '\n\x1b[1A\x1b[2K\r84a4f9c6b13c: Pulling fs layer \r\x1b[1B' +
      '\n\x1b[1A\x1b[2K\rfa6b118d5288: Pulling fs layer \r\x1b[1B' +
      `\x1b[2A\x1b[2K\r84a4f9c6b13c: Downloading [>${empty}]  16.38kB/1.066MB\r\x1b[2B` +
      `\x1b[1A\x1b[2K\rfa6b118d5288: Downloading [${full}>]     208B/208B\r\x1b[1B` +
      '\x1b[1A\x1b[2K\rfa6b118d5288: Verifying Checksum \r\x1b[1B' +
      '\x1b[1A\x1b[2K\rfa6b118d5288: Download complete \r\x1b[1B' +
      '\x1b[2A\x1b[2K\r84a4f9c6b13c: Pull complete \r\x1b[2B' +
      'Digest: sha256:5ba7\n',
  );
});

test('a load and a push on a terminal are what Docker writes', () => {
  const load = show(LOAD_WORDS, WIDE);
  load.display.layer(layer('c6464baad567', 'loading', { current: 32_768, total: 2_038_000 }));
  expect(load.text()).toBe(
    `\n\x1b[1A\x1b[2K\rc6464baad567: Loading layer [>${' '.repeat(50)}]  32.77kB/2.038MB\r\x1b[1B`,
  );
  const push = show(PUSH_WORDS, WIDE);
  push.display.layer(layer('10593d34dc41', 'pushing', { current: 3_011_000, total: 3_000_000 }));
  expect(push.text()).toBe(`\n\x1b[1A\x1b[2K\r10593d34dc41: Pushing [${'='.repeat(50)}>]  3.011MB\r\x1b[1B`);
});

test('elsewhere there is a line for each change of phase, and none for bytes', () => {
  const pull = show(PULL_WORDS, undefined);
  pull.display.layer(layer('aa', 'waiting'));
  pull.display.layer(layer('aa', 'downloading', { current: 1, total: 9, resumedFrom: 12_300_000 }));
  pull.display.layer(layer('aa', 'downloading', { current: 5, total: 9, resumedFrom: 12_300_000 }));
  pull.display.layer(layer('aa', 'downloaded'));
  pull.display.layer(layer('aa', 'downloaded'));
  pull.display.layer(layer('bb', 'exists'));
  expect(pull.text()).toBe(
    'aa0000000000: Pulling fs layer\naa0000000000: Resuming at 12.3MB\naa0000000000: Download complete\n' +
      'bb0000000000: Already exists\n',
  );
  const push = show(PUSH_WORDS, undefined);
  push.display.layer(layer('cc', 'mounted', { mountedFrom: 'team/app' }));
  push.display.layer(layer('dd', 'exists'));
  expect(push.text()).toBe('cc0000000000: Mounted from team/app\ndd0000000000: Layer already exists\n');
});

test('a bar is redrawn ten times a second, and always when it is full', () => {
  const { display, written } = show(PULL_WORDS, WIDE, 1);
  for (let current = 1; current <= 500; current++)
    display.layer(layer('aa', 'downloading', { current, total: 500 }));
  expect(written).toHaveLength(2 + 4 + 1);
  expect(written.at(-1)).toContain('500B/500B');
});

test.each([20, 40, 80, 110, 111, 120])('no line is wider than %i columns', (columns) => {
  const { display, written } = show(PULL_WORDS, { columns, rows: 24 });
  display.layer(
    layer('aa', 'downloading', { current: 123_456_789, total: 987_654_321, resumedFrom: 99_000_000 }),
  );
  const drawn = written.at(-1)?.match(/\r(.*)\r/)?.[1] ?? '';
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.length).toBeLessThan(columns);
  expect(drawn.includes('[')).toBe(columns > 110);
});

test('with more layers than rows the moving ones take the lines of the finished ones', () => {
  const { display, written } = show(PULL_WORDS, { columns: 120, rows: 10 });
  for (let i = 0; i < 200; i++) display.layer(layer(`a${String(i).padStart(3, '0')}`, 'waiting'));
  for (let i = 0; i < 200; i++)
    for (const phase of ['downloading', 'done'] as const)
      display.layer(layer(`a${String(i).padStart(3, '0')}`, phase, { current: 1, total: 2 }));
  const ups = written.flatMap((text) => [...text.matchAll(/\[(\d+)A/g)].map((match) => Number(match[1])));
  expect(Math.max(...ups)).toBeLessThan(10);
  expect(written.filter((text) => text === '\n')).toHaveLength(9);
  expect(written.filter((text) => text.includes('Pull complete'))).toHaveLength(200);
});

test('a plain line begins a new group of layers below it', () => {
  const { display, text } = show(PULL_WORDS, WIDE);
  display.layer(layer('aa', 'done'));
  display.line('Digest: x');
  display.layer(layer('aa', 'exists'));
  expect(text().endsWith('Digest: x\n\n\x1b[1A\x1b[2K\raa0000000000: Already exists \r\x1b[1B')).toBe(true);
});
