import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogEntry, type ReadLogOptions, readLog } from './log-reader.ts';
import { formatNanoseconds, JsonFileLog, type LogOptions, type LogStream } from './log-writer.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-log-'));
  path = join(directory, 'json.log');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const START = 1_700_000_000n * 1_000_000_000n;

function clock(): () => bigint {
  let second = 0n;
  return () => START + second++ * 1_000_000_000n;
}

async function write(chunks: readonly [LogStream, string | Uint8Array][], options: LogOptions = {}) {
  using log = new JsonFileLog(path, { now: clock(), ...options });
  for (const [stream, chunk] of chunks) log.write(stream, Buffer.from(chunk));
}

async function read(options?: ReadLogOptions): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of readLog(path, options)) entries.push(...batch);
  return entries;
}

const texts = async (options?: ReadLogOptions) => (await read(options)).map(({ text }) => text);

describe('JsonFileLog', () => {
  test('writes Docker’s lines', async () => {
    await write([
      ['stdout', 'out <a>\nmore'],
      ['stderr', 'err\n'],
      ['stdout', ' of it\nlast'],
    ]);
    expect(await readFile(path, 'utf8')).toBe(
      [
        '{"log":"out \\u003ca\\u003e\\n","stream":"stdout","time":"2023-11-14T22:13:20Z"}',
        '{"log":"err\\n","stream":"stderr","time":"2023-11-14T22:13:21Z"}',
        '{"log":"more of it\\n","stream":"stdout","time":"2023-11-14T22:13:22Z"}',
        '{"log":"last","stream":"stdout","time":"2023-11-14T22:13:23Z"}',
        '',
      ].join('\n'),
    );
  });

  test.each([1, 7, 100_000])('cuts long lines, not characters, from chunks of %i', async (size) => {
    const text = `${'é'.repeat(20_000)}\nshort\n`;
    const bytes = Buffer.from(text);
    const chunks: [LogStream, Uint8Array][] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(['stdout', bytes.subarray(at, at + size)]);
    await write(chunks);
    const pieces = await texts();
    expect(pieces.join('')).toBe(text);
    expect(pieces.map((piece) => Buffer.byteLength(piece))).toEqual([16_384, 16_384, 7233, 6]);
  });

  test('cuts what is no text anywhere', async () => {
    await write([['stdout', Buffer.alloc(40_000, 0x80)]]);
    expect((await texts()).join('')).toBe('\ufffd'.repeat(40_000));
  });

  test('makes room for new files, and forgets the oldest', async () => {
    const chunks = Array.from({ length: 10 }, (_, i): [LogStream, string] => ['stdout', `line ${i}\n`]);
    await write(chunks, { maxBytes: 150, maxFiles: 3 });
    expect(await texts()).toEqual(['line 4\n', 'line 5\n', 'line 6\n', 'line 7\n', 'line 8\n', 'line 9\n']);
    expect(await texts({ tail: 3 })).toEqual(['line 7\n', 'line 8\n', 'line 9\n']);
    await expect(readFile(`${path}.3`)).rejects.toThrow('ENOENT');
  });

  test('keeps one file within bounds', async () => {
    await write(
      [...'abc'].map((text): [LogStream, string] => ['stdout', `${text}\n`]),
      { maxBytes: 100 },
    );
    expect(await texts()).toEqual(['c\n']);
  });
});

test.each([
  { nanoseconds: START, text: '2023-11-14T22:13:20Z' },
  { nanoseconds: START + 5n, text: '2023-11-14T22:13:20.000000005Z' },
  { nanoseconds: START + 120_000_000n, text: '2023-11-14T22:13:20.12Z' },
])('prints $text', ({ nanoseconds, text }) => {
  expect(formatNanoseconds(nanoseconds)).toBe(text);
});

describe('readLog', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, i): [LogStream, string] => ['stdout', `line ${i}\n`]);

  test('reads nothing where there is nothing', async () => {
    expect(await read()).toEqual([]);
    expect(await read({ tail: 5 })).toEqual([]);
  });

  test.each([
    { tail: 0, want: [] },
    { tail: 2, want: ['line 3\n', 'line 4\n'] },
    { tail: 5, want: ['line 0\n', 'line 1\n', 'line 2\n', 'line 3\n', 'line 4\n'] },
    { tail: 9, want: ['line 0\n', 'line 1\n', 'line 2\n', 'line 3\n', 'line 4\n'] },
  ])('finds the last $tail', async ({ tail, want }) => {
    await write(lines(5));
    expect(await texts({ tail })).toEqual(want);
  });

  test('finds a tail over many pieces of a file', async () => {
    await write(lines(5000));
    expect((await texts({ tail: 3000 })).at(0)).toBe('line 2000\n');
    expect(await texts({ tail: 3000 })).toHaveLength(3000);
  });

  test('keeps to a span of time', async () => {
    await write(lines(5));
    const at = (second: number) => new Date(Number(START / 1_000_000n) + second * 1000);
    expect(await texts({ since: at(1), until: at(3) })).toEqual(['line 1\n', 'line 2\n', 'line 3\n']);
  });

  test('finds a time in many files', async () => {
    await write(lines(40_000), { maxBytes: 1 << 20, maxFiles: 9 });
    const since = new Date(Number(START / 1_000_000n) + 39_000 * 1000);
    expect(await texts({ since })).toEqual(
      lines(40_000)
        .slice(39_000)
        .map(([, text]) => text),
    );
    expect(await texts({ since, tail: 10 })).toHaveLength(10);
    expect(await texts({ since: new Date(8e12) })).toEqual([]);
    expect(await texts({ since: new Date(0) })).toHaveLength(40_000);
  });

  test('passes over what is no entry', async () => {
    const good = '{"log":"good\\n","stream":"stderr","time":"2023-11-14T22:13:20Z"}\n';
    await writeFile(path, `no json\n[]\n{"log":1}\n${good}${'x'.repeat(3 << 20)}\n${good}{"log":"cut`);
    expect(await read()).toEqual([
      { text: 'good\n', stream: 'stderr', time: '2023-11-14T22:13:20Z' },
      { text: 'good\n', stream: 'stderr', time: '2023-11-14T22:13:20Z' },
    ]);
  });

  test('follows, half lines and new files too', async () => {
    let isOver = false;
    const seen: string[] = [];
    const done = (async () => {
      for await (const batch of readLog(path, { follow: { isOver: async () => isOver } }))
        seen.push(...batch.map(({ text }) => text));
    })();
    const entry = (text: string) => `{"log":"${text}","stream":"stdout","time":"2023-11-14T22:13:20Z"}\n`;
    await appendFile(path, entry('a').slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await appendFile(path, entry('a').slice(10));
    await expect.poll(() => seen).toEqual(['a']);
    await rm(path);
    await writeFile(path, entry('b'));
    await expect.poll(() => seen).toEqual(['a', 'b']);
    await appendFile(path, entry('c'));
    isOver = true;
    await done;
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const follow = { isOver: async () => false };
    setTimeout(() => abort.abort(), 20);
    await expect(read({ follow, signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
