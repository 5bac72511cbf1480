import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { flowingChunks } from './flowing.ts';

const read = async (stream: Readable) => {
  const chunks: string[] = [];
  for await (const chunk of flowingChunks(stream)) chunks.push(Buffer.from(chunk).toString());
  return chunks;
};

test('gives chunks as they came, however many have piled up', async () => {
  const stream = new Readable({ read() {} });
  for (const text of ['one', 'two', 'three']) stream.push(Buffer.from(text));
  stream.push(null);
  expect(await read(stream)).toEqual(['one', 'two', 'three']);
});

test('throws what the stream fails with, after what came before', async () => {
  const stream = new Readable({ read() {} });
  stream.push(Buffer.from('one'));
  const source = flowingChunks(stream)[Symbol.asyncIterator]();
  expect(Buffer.from((await source.next()).value).toString()).toBe('one');
  stream.destroy(new Error('reset'));
  await expect(source.next()).rejects.toThrow('reset');
});

test('takes a stream that is closed before its end for broken', async () => {
  const stream = new Readable({ read() {} });
  const result = read(stream);
  stream.destroy();
  await expect(result).rejects.toThrow('closed before its end');
});

test('closes the stream when the consumer stops early', async () => {
  const stream = Readable.from([Buffer.from('one'), Buffer.from('two')], { objectMode: false });
  for await (const _ of flowingChunks(stream)) break;
  expect(stream.destroyed).toBe(true);
});
