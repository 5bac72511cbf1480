import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../server.ts';

let root: string;
let server: RunningServer;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wherry-quota-'));
  const housekeeping = { quota: { limit: [{ prefix: 'team/*', bytes: 100 }] } };
  server = await startServer({ root, host: '127.0.0.1', port: 0, housekeeping });
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const BIG = Buffer.alloc(101);

function post(repository: string, query = '', body?: Buffer): Promise<Response> {
  const url = `${server.url}/v2/${repository}/blobs/uploads/${query}`;
  return fetch(url, { method: 'POST', ...(body && { body: new Uint8Array(body) }) });
}

const digestQuery = (body: Buffer) => `?digest=sha256:${createHash('sha256').update(body).digest('hex')}`;

test('an upload that is too large is refused by what it says of itself, with the figures', async () => {
  const refused = await post('team/app', digestQuery(BIG), BIG);
  expect(refused.status).toBe(403);
  expect(await refused.json()).toEqual({
    errors: [
      {
        code: 'DENIED',
        message: 'quota of team exceeded: 0 bytes used, the limit is 100, 101 more wanted',
        detail: {
          hint: 'delete tags that nobody needs, or ask for a higher limit',
          quota: { prefix: 'team', used: 0, limit: 100, wanted: 101 },
        },
      },
    ],
  });
  expect((await post('other/app', digestQuery(BIG), BIG)).status).toBe(201);
});

test('a session holds its room from one request to the next', async () => {
  const location = (await post('team/app')).headers.get('location') as string;
  const patch = (bytes: number) =>
    fetch(new URL(location, server.url), { method: 'PATCH', body: new Uint8Array(bytes) });
  expect((await patch(60)).status).toBe(202);
  expect((await patch(60)).status).toBe(403);
  expect((await patch(40)).status).toBe(202);
  expect((await post('team/b', digestQuery(BIG.subarray(0, 1)), BIG.subarray(0, 1))).status).toBe(403);
  const elsewhere = new URL(location.replace('/team/app/', '/team/b/'), server.url);
  expect((await fetch(elsewhere, { method: 'PATCH', body: new Uint8Array(1) })).status).toBe(404);
  await fetch(new URL(location, server.url), { method: 'DELETE' });
  expect((await post('team/b', digestQuery(BIG.subarray(0, 1)), BIG.subarray(0, 1))).status).toBe(201);
});
