import { randomBytes } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startWherryServe } from '../bench/peers.ts';
import {
  ABSENT,
  digestOf,
  INDEX_TYPE,
  MANIFEST_TYPE,
  RegistryUnderTest,
  withDigest,
} from './conformance/registry-under-test.ts';
import { describeWith } from './needs.ts';
import { Sandbox, WHERRY } from './wherry.ts';

interface BadRequest {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  /** Absent: any that blames the client. */
  readonly status?: number;
}

const TYPE = { 'content-type': MANIFEST_TYPE };
const UUID = '00000000-0000-4000-8000-000000000000';
const manifestOf = (fields: object) =>
  JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, ...fields });
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: ABSENT, size: 2 };
const put = (name: string, body: Buffer | string, headers: OutgoingHttpHeaders = TYPE): BadRequest => ({
  name,
  method: 'PUT',
  path: '/v2/bad/manifests/x',
  headers,
  body,
});

const NAMES: readonly BadRequest[] = [
  { name: 'a way up', path: '/v2/../../etc/passwd/manifests/x' },
  { name: 'an encoded way up', path: '/v2/%2e%2e/%2e%2e/etc/tags/list' },
  { name: 'a way up behind encoded slashes', path: '/v2/a%2f..%2f..%2fetc/tags/list' },
  { name: 'a way up, encoded twice', path: '/v2/%252e%252e/tags/list' },
  { name: 'a backslash', path: '/v2/a%5c..%5cb/tags/list' },
  { name: 'a zero byte', path: '/v2/a%00/tags/list' },
  { name: 'a line break', path: '/v2/a%0d%0ax-evil:%201/tags/list' },
  { name: '256 characters', path: `/v2/${'a'.repeat(256)}/tags/list`, status: 400 },
  { name: 'ten thousand characters', path: `/v2/${'a/'.repeat(5000)}tags/list` },
  { name: 'malformed encoding', path: '/v2/%zz/tags/list', status: 400 },
  { name: 'bytes that are no UTF-8', path: '/v2/%ff%fe/tags/list' },
];

const REFERENCES: readonly BadRequest[] = [
  { name: 'a digest that leads up', path: '/v2/a/blobs/sha256:../../../metadata.db', status: 404 },
  { name: 'one behind encoded slashes', path: '/v2/a/blobs/sha256:..%2f..%2fmetadata.db' },
  { name: 'a digest in upper case', path: `/v2/a/blobs/SHA256:${'A'.repeat(64)}`, status: 400 },
  { name: 'a digest that is too short', path: '/v2/a/blobs/sha256:00', status: 400 },
  { name: 'a digest of another algorithm', path: `/v2/a/blobs/sha1:${'0'.repeat(40)}`, status: 400 },
  { name: 'a tag with a line break', path: '/v2/a/manifests/x%0d%0ax-evil:1', status: 404 },
  { name: 'a tag of 129 characters', path: `/v2/a/manifests/${'x'.repeat(129)}`, status: 404 },
  { name: 'a tag to delete that is none', method: 'DELETE', path: '/v2/a/manifests/.x', status: 400 },
  { name: 'an upload that leads up', path: '/v2/a/blobs/uploads/..%2f..%2fblobs' },
  {
    name: 'an upload that is no UUID',
    method: 'PATCH',
    path: '/v2/a/blobs/uploads/x',
    body: 'x',
    status: 404,
  },
  { name: 'an upload that is not there', method: 'DELETE', path: `/v2/a/blobs/uploads/${UUID}`, status: 404 },
];

const PARAMETERS: readonly BadRequest[] = [
  { name: 'n that is negative', path: '/v2/_catalog?n=-1', status: 400 },
  { name: 'n that is huge', path: `/v2/_catalog?n=${'9'.repeat(30)}`, status: 400 },
  { name: 'n twice', path: '/v2/_catalog?n=1&n=2', status: 400 },
  {
    name: 'a digest twice',
    method: 'POST',
    path: `/v2/a/blobs/uploads/?digest=${ABSENT}&digest=${ABSENT}`,
    status: 400,
  },
  { name: 'a mount that is none', method: 'POST', path: '/v2/a/blobs/uploads/?mount=x%0d%0ay', status: 400 },
  {
    name: 'an algorithm that is none',
    method: 'POST',
    path: '/v2/a/blobs/uploads/?digest-algorithm=',
    status: 400,
  },
  {
    name: 'an artifact type twice',
    path: `/v2/a/referrers/${ABSENT}?artifactType=x&artifactType=y`,
    status: 400,
  },
  {
    name: 'a thousand tags',
    method: 'PUT',
    path: `/v2/bad/manifests/${ABSENT}?${'tag=x&'.repeat(1000)}`,
    headers: TYPE,
    body: '{}',
    status: 400,
  },
  { name: 'a method of another protocol', method: 'PROPFIND', path: '/v2/a/tags/list' },
];

const DOCUMENTS: readonly BadRequest[] = [
  put('no JSON', 'nonsense'),
  put('an empty body', ''),
  put('JSON that is no object', '[]'),
  put('another schema version', JSON.stringify({ schemaVersion: 1 })),
  put(
    'a hundred thousand levels',
    manifestOf({ config, layers: [] }).replace('[]', `${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  ),
  put('four million brackets', '['.repeat(4_000_000)),
  put('bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
  put('no config', manifestOf({ layers: [] })),
  put('a prototype in place of a config', '{"schemaVersion":2,"__proto__":{"config":{}},"layers":[]}'),
  put('a size below 0', manifestOf({ config: { ...config, size: -1 }, layers: [] })),
  put('a size that no number holds', manifestOf({ config, layers: [] }).replace('"size":2', '"size":1e400')),
  put('a digest that leads up', manifestOf({ config: { ...config, digest: 'sha256:../../x' }, layers: [] })),
  put('twenty thousand layers', manifestOf({ config, layers: Array(20_000).fill(config) })),
  put('an index that is a manifest as well', manifestOf({ config, layers: [], manifests: [] })),
  put('a Content-Type other than its own', manifestOf({ config, layers: [] }), {
    'content-type': INDEX_TYPE,
  }),
  put('a media type that nobody knows', '{"schemaVersion":2}', { 'content-type': 'text/html' }),
  put('no Content-Type and no media type', '{"schemaVersion":2}', {}),
  { ...put('more than 4 MiB', Buffer.alloc((4 << 20) + 1, ' ')), status: 413 },
  { ...put('another digest', '{}'), path: `/v2/bad/manifests/${ABSENT}`, status: 400 },
];

const sandbox = new Sandbox();
let peer: Peer;
let registry: RegistryUnderTest;

afterAll(() => sandbox[Symbol.dispose]());

describeWith({}, 'wherry serve', () => {
  beforeAll(async () => {
    peer = await startWherryServe(sandbox.directory('wherry'), [process.execPath, WHERRY]);
    registry = new RegistryUnderTest(peer.address);
  });
  afterAll(async () => {
    registry[Symbol.dispose]();
    await peer.stop();
  });

  test.each([...NAMES, ...REFERENCES, ...PARAMETERS, ...DOCUMENTS])(
    'refuses $name',
    async ({ method = 'GET', path, headers, body, status }) => {
      const answer = await registry.send(method, path, headers, body);
      if (status !== undefined) expect(answer.status).toBe(status);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers).not.toHaveProperty('x-evil');
      expect((await registry.send('GET', '/v2/')).status).toBe(200);
    },
  );

  test.each(['five', '0-', '-4', '4-0', '0-99999999999999999999', 'bytes=0-4', '0-4, 5-9', '0-4/x'])(
    'refuses a chunk with the range %s, and the upload goes on',
    async (range) => {
      const location = await registry.beginUpload('bad/uploads');
      const bytes = Buffer.from('hello');
      const answer = await registry.send('PATCH', location, { 'content-range': range }, bytes);
      expect([400, 416]).toContain(answer.status);
      expect((await registry.send('PUT', withDigest(location, digestOf(bytes)), {}, bytes)).status).toBe(201);
    },
  );

  test.each(['', 'nonsense', 'sha256:', 'sha256:..%2f..', 'sha512:00', `${ABSENT}%0d%0ax-evil:1`])(
    'ends no upload with the digest %j',
    async (digest) => {
      const location = await registry.beginUpload('bad/uploads');
      const answer = await registry.send('PUT', `${location}?digest=${digest}`, {}, 'x');
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID']);
    },
  );

  test('keeps what came of a chunk that was cut off', async () => {
    const bytes = randomBytes(300_000);
    let location = await registry.beginUpload('bad/cut');
    await cutOff(peer.address, location, bytes, 123_456);
    await expect.poll(async () => (await registry.send('GET', location)).headers.range).toBe('0-123455');
    const headers = { 'content-range': '123456-299999' };
    const answer = await registry.send('PATCH', location, headers, bytes.subarray(123_456));
    expect([answer.status, answer.headers.range]).toEqual([202, '0-299999']);
    location = String(answer.headers.location);
    expect((await registry.send('PUT', withDigest(location, digestOf(bytes)))).status).toBe(201);
  });

  test('gives one session to one request at a time', async () => {
    const bytes = randomBytes(200_000);
    const location = await registry.beginUpload('bad/both');
    const send = () => registry.send('PATCH', location, { 'content-range': '0-199999' }, bytes);
    const answers = await Promise.all([send(), send(), send()]);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.every(({ status }) => [202, 409, 416].includes(status))).toBe(true);
    expect((await registry.send('PUT', withDigest(location, digestOf(bytes)))).status).toBe(201);
  });

  test('gives a tag that many push at once to one of them', async () => {
    const pushed = await Promise.all(
      Array.from({ length: 8 }, () => registry.putManifest('bad/tag', 'latest')),
    );
    const found = await registry.send('GET', '/v2/bad/tag/manifests/latest');
    const winner = pushed.find(({ digest }) => digest === found.headers['docker-content-digest']);
    expect(winner?.bytes.equals(found.body)).toBe(true);
    for (const { digest } of pushed)
      expect((await registry.send('HEAD', `/v2/bad/tag/manifests/${digest}`)).status).toBe(200);
  });

  test('stores a blob that many push at once', async () => {
    const bytes = randomBytes(500_000);
    await Promise.all(Array.from({ length: 8 }, () => registry.putBlob('bad/blob', bytes)));
    const answer = await registry.send('GET', `/v2/bad/blob/blobs/${digestOf(bytes)}`);
    expect(answer.body.equals(bytes)).toBe(true);
  });
});

/** Sends the beginning of a chunk and is gone. */
function cutOff(address: string, path: string, bytes: Buffer, at: number): Promise<void> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.write(`PATCH ${path} HTTP/1.1\r\nhost: ${address}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes.subarray(0, at), () => socket.destroy());
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}
