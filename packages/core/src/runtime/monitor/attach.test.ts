import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContainerPaths, containerPaths } from '../container-directory.ts';
import { attachToContainer } from './attach-client.ts';
import { type AttachFrame, decodeFrames, encodeFrame } from './attach-protocol.ts';
import { DetachKeyFilter, parseDetachKeys } from './detach-keys.ts';
import { ContainerMonitor, isMonitored } from './monitor.ts';

const FRAMES: readonly AttachFrame[] = [
  { kind: 'stdin', bytes: Buffer.from('typed') },
  { kind: 'stdout', bytes: Buffer.alloc(70_000, 1) },
  { kind: 'stderr', bytes: Buffer.alloc(0) },
  { kind: 'resize', rows: 40, columns: 120 },
  { kind: 'stdin-end' },
  { kind: 'detach' },
];

describe('frames', () => {
  test.each([1, 5, 321, 1 << 20])('come back from chunks of %i bytes', async (size) => {
    const bytes = Buffer.concat(FRAMES.map(encodeFrame));
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const frames: AttachFrame[] = [];
    for await (const frame of decodeFrames(asyncOf(chunks))) frames.push(frame);
    expect(frames).toEqual(FRAMES);
  });

  test.each([
    { name: 'that are too long', bytes: [0, 255, 0, 0, 0] },
    { name: 'of no known kind', bytes: [9, 0, 0, 0, 0] },
    { name: 'with half a size', bytes: [5, 0, 0, 0, 1, 0] },
  ])('are refused $name', async ({ bytes }) => {
    const frames = decodeFrames(asyncOf([Buffer.from(bytes)]));
    await expect(frames.next()).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('detach keys', () => {
  test.each([
    { text: 'ctrl-p,ctrl-q', keys: [16, 17] },
    { text: 'a,ctrl-@,ctrl-_', keys: [97, 0, 31] },
  ])('are read: $text', ({ text, keys }) => {
    expect([...parseDetachKeys(text)]).toEqual(keys);
  });

  test.each(['', 'ctrl-', 'ctrl-1', 'ab', 'a,,b'])('are refused: %s', (text) => {
    expect(() => parseDetachKeys(text)).toThrow('invalid detach keys');
  });

  test('are found over several chunks, and what only begins like them goes on', () => {
    const filter = new DetachKeyFilter(parseDetachKeys('ctrl-p,ctrl-q'));
    const push = (...bytes: number[]) => {
      const { input, isDetached } = filter.push(Uint8Array.from(bytes));
      return [...input, ...(isDetached ? ['detached'] : [])];
    };
    expect(push(97, 16)).toEqual([97]);
    expect(push(98)).toEqual([16, 98]);
    expect(push(16, 16)).toEqual([16]);
    expect(push(17, 99)).toEqual(['detached']);
  });
});

describe.skipIf(process.platform !== 'linux')('ContainerMonitor', () => {
  let directory: string;
  let paths: ContainerPaths;
  let writers: number[];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-monitor-'));
    paths = containerPaths(directory);
    execFileSync('mkfifo', [paths.stdin, paths.stdout, paths.stderr]);
    writers = [paths.stdout, paths.stderr].map((path) => openSync(path, constants.O_RDWR));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const print = (text: string) => writeSync(writers[0]!, text);
  const end = () => {
    for (const fd of writers) closeSync(fd);
  };

  test('hands output to those who are attached, and their input on', async () => {
    const input = openSync(paths.stdin, constants.O_RDWR | constants.O_NONBLOCK);
    const monitor = await ContainerMonitor.open({ paths });
    const running = monitor.run();
    const client = await attachToContainer(paths);
    let seen = '';
    const reading = client.output((stream, chunk) => {
      seen += `${stream}:${Buffer.from(chunk)}`;
    });
    await client.write(Buffer.from('typed'));
    await expect
      .poll(async () => {
        print('.');
        return seen;
      })
      .toContain('stdout:');
    end();
    await running;
    await reading;
    closeSync(input);
    expect(isMonitored(paths)).toBe(false);
  });

  test('is alone', async () => {
    const monitor = await ContainerMonitor.open({ paths });
    const running = monitor.run();
    expect(isMonitored(paths)).toBe(true);
    const signal = AbortSignal.timeout(30);
    await expect(ContainerMonitor.open({ paths, signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    const next = ContainerMonitor.open({ paths });
    end();
    await running;
    await (await next).run();
    expect(isMonitored(paths)).toBe(false);
  });

  test('hands over without a loss', async () => {
    let seen = '';
    const sink = async (_: string, chunk: Uint8Array) => {
      seen += Buffer.from(chunk).toString();
    };
    let want = '';
    for (let round = 0; round < 5; round++) {
      const monitor = await ContainerMonitor.open({ paths, sink });
      const running = monitor.run();
      for (let i = 0; i < 50; i++) {
        const text = `${round}.${i} `;
        print(text);
        want += text;
        if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      monitor.stop();
      await running;
    }
    const last = await ContainerMonitor.open({ paths, sink });
    end();
    await last.run();
    // What nobody had taken when the last writer left is gone with the pipe.
    expect(want.startsWith(seen)).toBe(true);
    expect(seen.length).toBeGreaterThan(want.length / 2);
  });

  test('throws out who talks nonsense', async () => {
    const monitor = await ContainerMonitor.open({ paths });
    const running = monitor.run();
    await (await attachToContainer(paths))[Symbol.asyncDispose]();
    const socket = connect(paths.attachSocket);
    socket.write(Buffer.from([9, 9, 9, 9, 9, 9]));
    await new Promise((resolve) => socket.once('close', resolve));
    end();
    await running;
  });

  test('ends at once when nobody can write any more', async () => {
    end();
    await (await ContainerMonitor.open({ paths })).run();
  });
});

test('no socket fits a long path', () => {
  expect(() => containerPaths(`/${'x'.repeat(120)}`)).toThrow('want 107 at most for a socket');
});

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
