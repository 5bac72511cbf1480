import fastify from 'fastify';
import { expect, test } from 'vitest';
import { sendSmall } from './send-small.ts';

const CASES = [
  { name: 'a text', body: '{"a":"ü"}', want: Buffer.from('{"a":"ü"}') },
  { name: 'ASCII', body: Buffer.from('{"a":1}'), want: Buffer.from('{"a":1}') },
  { name: 'UTF-8', body: Buffer.from('{"a":"ü"}'), want: Buffer.from('{"a":"ü"}') },
  { name: 'no text', body: Uint8Array.of(0, 0xff, 0x80), want: Buffer.of(0, 0xff, 0x80) },
  { name: 'a part of something', body: Buffer.from('xxabxx').subarray(2, 4), want: Buffer.from('ab') },
  { name: 'nothing', body: new Uint8Array(0), want: Buffer.alloc(0) },
  { name: 'many bytes', body: Buffer.alloc(100_000, 'a'), want: Buffer.alloc(100_000, 'a') },
];

test.each(CASES)('sends $name byte for byte, under the type that is set', async ({ body, want }) => {
  const app = fastify();
  app.get('/', async (_request, reply) => sendSmall(reply.type('application/vnd.x+json'), body));
  const { rawPayload, headers } = await app.inject('/');
  expect(rawPayload).toEqual(want);
  expect(headers).toMatchObject({
    'content-type': 'application/vnd.x+json',
    'content-length': String(want.length),
  });
  await app.close();
});

test('an error that comes in its place is sent as any other', async () => {
  const app = fastify();
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ failed: true }));
  app.addHook('onSend', async (_request, reply) => {
    if (reply.statusCode === 200) throw new Error('no');
  });
  app.get('/', async (_request, reply) => sendSmall(reply, '{}'));
  const { statusCode, json } = await app.inject('/');
  expect([statusCode, json()]).toEqual([500, { failed: true }]);
  await app.close();
});
