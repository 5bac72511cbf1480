import { type Digest, WherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logTo } from '../../test/log-lines.ts';
import { digestOf, MemoryBackend } from '../../test/memory-backend.ts';
import { createServer } from '../server.ts';

const HELLO = Buffer.from('hello world');
const ABSENT = `sha256:${'0'.repeat(64)}`;
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const JSON_TYPE = 'application/json; charset=utf-8';
const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

let backend: MemoryBackend;
let app: FastifyInstance;
let lines: string[];

beforeEach(() => {
  backend = new MemoryBackend();
  lines = [];
  app = createServer(backend, { log: logTo(lines) });
});
afterEach(() => app.close());

type Answer = Awaited<ReturnType<typeof send>>;

async function send(
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  headers: Record<string, string> = {},
  payload?: Buffer | string,
) {
  return app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
}

function expectError(answer: Answer, status: number, code: string, message: string): void {
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe(JSON_TYPE);
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
  expect(answer.json().errors[0]).toMatchObject({ code, message });
}

async function startUpload(): Promise<string> {
  return String((await send('POST', '/v2/team/app/blobs/uploads/')).headers.location);
}

describe('end-1', () => {
  test.each(['/v2/', '/v2'])('says at %s that this is a registry', async (url) => {
    const answer = await send('GET', url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(answer.json()).toEqual({});
  });
});

describe('blobs', () => {
  test('are served whole, with what a client checks them by', async () => {
    const digest = backend.addBlob(HELLO);
    const answer = await send('GET', `/v2/a/b/c/blobs/${digest}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '11',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'accept-ranges': 'bytes',
    });
    expect(answer.body).toBe('hello world');
  });

  test('are announced without their bytes, and kept from the sweep', async () => {
    const digest = backend.addBlob(HELLO);
    const answer = await send('HEAD', `/v2/a/blobs/${digest}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-length': '11', 'docker-content-digest': digest });
    expect(answer.body).toBe('');
    expect(backend.touched).toEqual([digest]);
  });

  const LARGE = Buffer.alloc(200_000, 'wherry');

  test('that are large are sent chunk by chunk, whole or in part', async () => {
    const digest = backend.addBlob(LARGE);
    const whole = await send('GET', `/v2/a/blobs/${digest}`);
    expect([whole.statusCode, whole.headers['content-length']]).toEqual([200, '200000']);
    expect(whole.headers['docker-content-digest']).toBe(digest);
    expect(whole.rawPayload.equals(LARGE)).toBe(true);
    const part = await send('GET', `/v2/a/blobs/${digest}`, { range: 'bytes=100-199998' });
    expect([part.statusCode, part.headers['content-range']]).toEqual([206, 'bytes 100-199998/200000']);
    expect(part.rawPayload.equals(LARGE.subarray(100, 199_999))).toBe(true);
    expect((await send('HEAD', `/v2/a/blobs/${digest}`)).headers['content-length']).toBe('200000');
  });

  test('that cannot be read are answered with an error, or cut off once they are on their way', async () => {
    const url = `/v2/a/blobs/${backend.addBlob(LARGE)}`;
    backend.fault = new WherryError('BLOB_UNKNOWN', 'gone');
    expectError(await send('GET', url), 404, 'BLOB_UNKNOWN', 'gone');
    backend.lateFault = new Error('disk');
    await expect(send('GET', url)).rejects.toThrow();
    expect((await send('GET', url)).rawPayload.equals(LARGE)).toBe(true);
  });

  test.each([
    { name: 'a part', range: 'bytes=6-8', status: 206, body: 'wor', contentRange: 'bytes 6-8/11' },
    { name: 'the rest', range: 'bytes=6-', status: 206, body: 'world', contentRange: 'bytes 6-10/11' },
    { name: 'the end', range: 'bytes=-1', status: 206, body: 'd', contentRange: 'bytes 10-10/11' },
    { name: 'everything instead of two parts', range: 'bytes=0-1,3-4', status: 200, body: 'hello world' },
  ])('are served in ranges: $name', async ({ range, status, body, contentRange }) => {
    const digest = backend.addBlob(HELLO);
    const answer = await send('GET', `/v2/a/blobs/${digest}`, { range });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-length']).toBe(String(body.length));
    expect(answer.body).toBe(body);
  });

  test('refuse a range behind their end', async () => {
    const digest = backend.addBlob(HELLO);
    const answer = await send('GET', `/v2/a/blobs/${digest}`, { range: 'bytes=11-' });
    expectError(answer, 416, 'BLOB_UPLOAD_INVALID', "range is outside the blob's 11 bytes");
    expect(answer.headers['content-range']).toBe('bytes */11');
  });

  test('are served whole when the range was meant for another one', async () => {
    const digest = backend.addBlob(HELLO);
    const headers = { range: 'bytes=6-', 'if-range': '"other"' };
    expect((await send('GET', `/v2/a/blobs/${digest}`, headers)).body).toBe('hello world');
  });

  test('are not sent to a client that has them', async () => {
    const digest = backend.addBlob(HELLO);
    const answer = await send('GET', `/v2/a/blobs/${digest}`, { 'if-none-match': `"${digest}"` });
    expect([answer.statusCode, answer.body]).toEqual([304, '']);
  });

  test.each([
    { name: 'one that is not here', digest: ABSENT, status: 404, code: 'BLOB_UNKNOWN' },
    { name: 'a malformed digest', digest: 'sha256:xyz', status: 400, code: 'DIGEST_INVALID' },
    { name: 'an unknown algorithm', digest: `md5:${'0'.repeat(32)}`, status: 400, code: 'DIGEST_INVALID' },
  ])('answer a request for $name', async ({ digest, status, code }) => {
    const answer = await send('GET', `/v2/a/blobs/${digest}`);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors[0].code).toBe(code);
    expect((await send('HEAD', `/v2/a/blobs/${digest}`)).statusCode).toBe(status);
  });

  test('are deleted once', async () => {
    const url = `/v2/a/blobs/${backend.addBlob(HELLO)}`;
    const answer = await send('DELETE', url);
    expect([answer.statusCode, answer.body]).toEqual([202, '']);
    for (const method of ['DELETE', 'GET'] as const)
      expectError(
        await send(method, url),
        404,
        'BLOB_UNKNOWN',
        expect.stringContaining('unknown to registry'),
      );
    expect((await send('DELETE', '/v2/a/blobs/sha256:x')).statusCode).toBe(400);
  });

  test('have methods, and others are not among them', async () => {
    const answer = await send('PATCH', `/v2/a/blobs/${backend.addBlob(HELLO)}`);
    expectError(answer, 405, 'UNSUPPORTED', 'PATCH is not supported on blob of a');
    expect(answer.headers.allow).toBe('HEAD, GET, DELETE');
  });
});

describe('uploads', () => {
  test('begin with a session', async () => {
    const answer = await send('POST', '/v2/team/app/blobs/uploads/');
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toMatch(new RegExp(`^/v2/team/app/blobs/uploads/${UUID}$`));
    expect(answer.headers).toMatchObject({ range: '0-0', 'content-length': '0' });
    expect(answer.headers['docker-upload-uuid']).toMatch(new RegExp(`^${UUID}$`));
    expect(answer.body).toBe('');
  });

  test('go on in chunks and end with the digest', async () => {
    const location = await startUpload();
    const first = await send('PATCH', location, { 'content-range': '0-4' }, HELLO.subarray(0, 5));
    expect([first.statusCode, first.headers.range]).toEqual([202, '0-4']);
    expect(first.headers.location).toBe(location);
    const status = await send('GET', location);
    expect([status.statusCode, status.headers.range, status.body]).toEqual([204, '0-4', '']);
    const headers = { 'content-range': '5-10' };
    const last = await send('PUT', `${location}?digest=${digestOf(HELLO)}`, headers, HELLO.subarray(5));
    expect(last.statusCode).toBe(201);
    expect(last.headers).toMatchObject({
      location: `/v2/team/app/blobs/${digestOf(HELLO)}`,
      'docker-content-digest': digestOf(HELLO),
      'content-length': '0',
    });
    expect(backend.blobs.get(digestOf(HELLO))).toEqual(HELLO);
    expectError(
      await send('GET', location),
      404,
      'BLOB_UPLOAD_UNKNOWN',
      expect.stringContaining('not found'),
    );
  });

  test.each([
    { name: 'a stream of unknown length', type: 'application/octet-stream' },
    { name: 'one that calls itself JSON', type: 'application/json' },
    { name: 'one that calls itself nothing', type: undefined },
  ])('append $name', async ({ type }) => {
    const location = await startUpload();
    const headers = { 'transfer-encoding': 'chunked', ...(type && { 'content-type': type }) };
    const answer = await send('PATCH', location, headers, HELLO);
    expect([answer.statusCode, answer.headers.range]).toEqual([202, '0-10']);
    expect((await send('PUT', `${location}?digest=${digestOf(HELLO)}`)).statusCode).toBe(201);
  });

  test('tell a client whose chunk is out of order where they stand', async () => {
    const location = await startUpload();
    await send('PATCH', location, { 'content-range': '0-4' }, HELLO.subarray(0, 5));
    const answer = await send('PATCH', location, { 'content-range': '7-10' }, HELLO.subarray(7));
    expectError(answer, 416, 'BLOB_UPLOAD_INVALID', 'upload is at offset 5, chunk begins at 7');
    expect(answer.headers).toMatchObject({ range: '0-4', location });
  });

  test.each([
    { name: 'fewer bytes than its range', range: '0-4', status: 400, code: 'SIZE_INVALID' },
    { name: 'a range that is none', range: 'five', status: 416, code: 'BLOB_UPLOAD_INVALID' },
  ])('refuse a chunk with $name', async ({ range, status, code }) => {
    const location = await startUpload();
    const answer = await send('PATCH', location, { 'content-range': range }, HELLO);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([status, code]);
  });

  test('end with one request that has everything', async () => {
    const url = `${await startUpload()}?digest=${encodeURIComponent(digestOf(HELLO))}`;
    const answer = await send('PUT', url, { 'content-type': 'application/octet-stream' }, HELLO);
    expect(answer.statusCode).toBe(201);
    expect(backend.blobs.get(digestOf(HELLO))).toEqual(HELLO);
  });

  test('may be one request in all', async () => {
    const answer = await send('POST', `/v2/a/blobs/uploads/?digest=${digestOf(HELLO)}`, {}, HELLO);
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe(`/v2/a/blobs/${digestOf(HELLO)}`);
    expect(backend.blobs.get(digestOf(HELLO))).toEqual(HELLO);
  });

  test.each([
    { name: 'another digest', query: `?digest=${ABSENT}` },
    { name: 'a malformed digest', query: '?digest=nonsense' },
    { name: 'no digest', query: '' },
  ])('do not end with $name', async ({ query }) => {
    const answer = await send('PUT', `${await startUpload()}${query}`, {}, HELLO);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([400, 'DIGEST_INVALID']);
    expect(backend.blobs.size).toBe(0);
  });

  test('mount a blob that the store has, whatever repository it is said to be in', async () => {
    const digest = backend.addBlob(HELLO);
    for (const from of ['', '&from=other/place']) {
      const answer = await send('POST', `/v2/a/blobs/uploads/?mount=${digest}${from}`);
      expect(answer.statusCode).toBe(201);
      expect(answer.headers).toMatchObject({
        location: `/v2/a/blobs/${digest}`,
        'docker-content-digest': digest,
      });
    }
    expect(backend.uploads.size).toBe(0);
  });

  test('begin instead of a mount of what is not here', async () => {
    const answer = await send('POST', `/v2/a/blobs/uploads/?mount=${ABSENT}&from=b`);
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toMatch(new RegExp(`^/v2/a/blobs/uploads/${UUID}$`));
  });

  test.each([
    { name: 'sha512', query: '?digest-algorithm=sha512', status: 202 },
    { name: 'an unknown one', query: '?digest-algorithm=md5', status: 400 },
    { name: 'another than the digest', query: `?digest-algorithm=sha512&digest=${ABSENT}`, status: 400 },
  ])('may name their algorithm: $name', async ({ query, status }) => {
    expect((await send('POST', `/v2/a/blobs/uploads/${query}`)).statusCode).toBe(status);
  });

  test('are of the repository they were begun in, and unknown through any other', async () => {
    const location = await startUpload();
    const elsewhere = location.replace('/team/app/', '/team/other/');
    const unknown = [
      await send('GET', elsewhere),
      await send('PATCH', elsewhere, {}, HELLO),
      await send('PUT', `${elsewhere}?digest=${digestOf(HELLO)}`, {}, HELLO),
      await send('DELETE', elsewhere),
    ];
    for (const answer of unknown) expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN', expect.any(String));
    expect((await send('PUT', `${location}?digest=${digestOf(HELLO)}`, {}, HELLO)).statusCode).toBe(201);
  });

  test('can be cancelled', async () => {
    const location = await startUpload();
    expect((await send('DELETE', location)).statusCode).toBe(204);
    expectError(await send('PATCH', location, {}, HELLO), 404, 'BLOB_UPLOAD_UNKNOWN', expect.any(String));
  });

  test.each([
    {
      name: 'a full disk',
      fault: new WherryError('NO_SPACE', 'write blob: no space left on device'),
      status: 507,
    },
    { name: 'a full disk that nobody translated', fault: errno('ENOSPC'), status: 507 },
    { name: 'a session in use', fault: new WherryError('CONFLICT', 'upload x is in use'), status: 409 },
    { name: 'a fault of ours', fault: new Error('/secret/path'), status: 500 },
  ])('answer $name in the words of the specification', async ({ fault, status }) => {
    const location = await startUpload();
    backend.fault = fault;
    const answer = await send('PATCH', location, {}, HELLO);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors).toHaveLength(1);
    expect(answer.body).not.toContain('/secret/path');
    if (status >= 500) expect(lines.some((line) => line.includes(fault.message))).toBe(true);
  });
});

describe('manifests', () => {
  const bytes = Buffer.from(`{"schemaVersion":2,  "mediaType":"${MANIFEST_TYPE}"}`);
  const digest = digestOf(bytes);
  const push = (reference: string) =>
    send('PUT', `/v2/team/app/manifests/${reference}`, { 'content-type': MANIFEST_TYPE }, bytes);

  test.each(['latest', digest])('pushed as %s are served byte for byte', async (reference) => {
    const pushed = await push(reference);
    expect(pushed.statusCode).toBe(201);
    expect(pushed.headers).toMatchObject({
      location: `/v2/team/app/manifests/${digest}`,
      'docker-content-digest': digest,
    });
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await send(method, `/v2/team/app/manifests/${reference}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': MANIFEST_TYPE,
        'content-length': String(bytes.length),
        'docker-content-digest': digest,
        etag: `"${digest}"`,
      });
      expect(answer.rawPayload).toEqual(method === 'GET' ? bytes : Buffer.alloc(0));
    }
  });

  test('are not sent to a client that has them', async () => {
    await push('latest');
    const answer = await send('GET', '/v2/team/app/manifests/latest', { 'if-none-match': `"${digest}"` });
    expect([answer.statusCode, answer.body]).toEqual([304, '']);
  });

  test('pushed by digest may get tags', async () => {
    const answer = await push(`${digest}?tag=one&tag=two`);
    expect([answer.statusCode, answer.headers['oci-tag']]).toEqual([201, ['one', 'two']]);
    expect((await send('GET', '/v2/team/app/manifests/two')).rawPayload).toEqual(bytes);
  });

  test.each([
    { name: 'an unknown tag', reference: 'other' },
    { name: 'an unknown digest', reference: ABSENT },
    { name: 'what is neither tag nor digest', reference: '.INVALID_MANIFEST_NAME' },
  ])('answer a request for $name', async ({ reference }) => {
    const answer = await send('GET', `/v2/team/app/manifests/${reference}`);
    expectError(answer, 404, 'MANIFEST_UNKNOWN', expect.stringContaining('manifest unknown: team/app'));
    expect((await send('HEAD', `/v2/team/app/manifests/${reference}`)).statusCode).toBe(404);
  });

  test.each([
    { name: 'a tag outside the grammar', reference: '.x', status: 400, code: 'MANIFEST_INVALID' },
    { name: 'a digest outside the grammar', reference: 'sha256:1', status: 400, code: 'DIGEST_INVALID' },
    { name: 'the digest of something else', reference: ABSENT, status: 400, code: 'DIGEST_INVALID' },
  ])('are refused under $name', async ({ reference, status, code }) => {
    const answer = await push(reference);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([status, code]);
  });

  test.each([
    { name: 'that say so', headers: {} },
    { name: 'that do not', headers: { 'transfer-encoding': 'chunked' } },
  ])('of more than 4 MiB $name are refused', async ({ headers }) => {
    const huge = Buffer.alloc((4 << 20) + 1, ' ');
    const answer = await send(
      'PUT',
      '/v2/a/manifests/x',
      { 'content-type': MANIFEST_TYPE, ...headers },
      huge,
    );
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([413, 'MANIFEST_INVALID']);
  });

  test('that name missing blobs are refused with one error for each', async () => {
    backend.fault = new WherryError('BLOB_UNKNOWN', 'missing', { details: { missing: [ABSENT, digest] } });
    const answer = await push('latest');
    expect(answer.statusCode).toBe(404);
    expect(answer.json().errors).toEqual(
      [ABSENT, digest].map((one) => ({
        code: 'MANIFEST_BLOB_UNKNOWN',
        message: 'blob unknown to registry',
        detail: { digest: one },
      })),
    );
  });

  test('lose a tag, or are deleted by digest', async () => {
    await push('latest');
    const untagged = await send('DELETE', '/v2/team/app/manifests/latest');
    expect([untagged.statusCode, untagged.body]).toEqual([202, '']);
    expect((await send('GET', '/v2/team/app/manifests/latest')).statusCode).toBe(404);
    expect((await send('GET', `/v2/team/app/manifests/${digest}`)).statusCode).toBe(200);
    expect((await send('DELETE', `/v2/team/app/manifests/${digest}`)).statusCode).toBe(202);
    expectError(
      await send('DELETE', `/v2/team/app/manifests/${digest}`),
      404,
      'MANIFEST_UNKNOWN',
      `manifest unknown: team/app@${digest}`,
    );
    expect((await send('DELETE', '/v2/team/app/manifests/sha256:x')).json().errors[0].code).toBe(
      'DIGEST_INVALID',
    );
  });

  test('with a subject are answered with it, so that no fallback tag is written', async () => {
    const document = JSON.stringify({ subject: { digest: ABSENT } });
    const answer = await send('PUT', '/v2/a/manifests/x', { 'content-type': MANIFEST_TYPE }, document);
    expect([answer.statusCode, answer.headers['oci-subject']]).toEqual([201, ABSENT]);
    expect((await push('latest')).headers['oci-subject']).toBeUndefined();
  });
});

describe('referrers', () => {
  const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
  const list = (query = '', headers = {}) => send('GET', `/v2/a/referrers/${ABSENT}${query}`, headers);

  beforeEach(() => {
    for (const [at, artifactType] of ['x/y', 'z', 'x/y'].entries())
      backend.referrers.push({
        mediaType: MANIFEST_TYPE,
        digest: `sha256:${String(at + 1).repeat(64)}` as Digest,
        size: at,
        artifactType,
      });
  });

  test('are an index', async () => {
    const answer = await list();
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, INDEX_TYPE]);
    expect(answer.headers['oci-filters-applied']).toBeUndefined();
    expect(answer.json()).toEqual({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: backend.referrers });
    expect((await list('', { 'if-none-match': answer.headers.etag })).statusCode).toBe(304);
  });

  test('are filtered by their type', async () => {
    const answer = await list('?artifactType=x%2Fy');
    expect(answer.headers['oci-filters-applied']).toBe('artifactType');
    expect(answer.json().manifests).toHaveLength(2);
  });

  test('come in pages, and the filter goes along', async () => {
    const first = await list('?artifactType=x%2Fy&n=1');
    const [, next = ''] = /^<(.*)>; rel="next"$/.exec(String(first.headers.link)) ?? [];
    const second = await send('GET', next);
    expect(second.json().manifests).toEqual([backend.referrers[2]]);
    expect([second.headers.link, second.headers['oci-filters-applied']]).toEqual([undefined, 'artifactType']);
  });

  test('of what is no digest are refused', async () => {
    expect((await send('GET', '/v2/a/referrers/latest')).json().errors[0].code).toBe('DIGEST_INVALID');
  });
});

describe('the search', () => {
  beforeEach(async () => {
    for (const name of ['b', 'team/app', 'apple'])
      await send('PUT', `/v2/${name}/manifests/1`, { 'content-type': MANIFEST_TYPE }, '{}');
  });

  test('is what Docker asks for', async () => {
    const ping = await send('GET', '/v1/_ping');
    expect([ping.statusCode, ping.json()]).toEqual([200, { standalone: true }]);
    const answer = await send('GET', '/v1/search?q=App&n=1');
    const found = { name: 'apple', description: '', star_count: 0, is_official: false, is_automated: false };
    expect(answer.json()).toEqual({
      query: 'App',
      num_results: 1,
      num_pages: 2,
      page: 1,
      page_size: 1,
      results: [found],
    });
    expect((await send('GET', '/v1/search')).json().results).toHaveLength(3);
  });

  test.each(['0', '101', '-1', 'x', ''])('does not give %j results', async (n) => {
    const answer = await send('GET', `/v1/search?q=a&n=${n}`);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([400, 'UNSUPPORTED']);
  });
});

describe('lists', () => {
  test('are not sent to a client that has them', async () => {
    backend.tags.set('a', new Map([['x', digestOf(HELLO)]]));
    for (const url of ['/v2/a/tags/list', '/v2/_catalog']) {
      const { etag } = (await send('GET', url)).headers;
      const again = await send('GET', url, { 'if-none-match': String(etag) });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
      expect((await send('GET', url, { 'if-none-match': '"other"' })).statusCode).toBe(200);
    }
  });
});

describe('tags', () => {
  beforeEach(() => {
    backend.tags.set('team/app', new Map(['b', 'B', 'a', 'c'].map((tag) => [tag, digestOf(HELLO)])));
  });

  test.each([
    { name: 'all', query: '', tags: ['B', 'a', 'b', 'c'], link: undefined },
    {
      name: 'the first two',
      query: '?n=2',
      tags: ['B', 'a'],
      link: '</v2/team/app/tags/list?n=2&last=a>; rel="next"',
    },
    { name: 'the last two', query: '?n=2&last=a', tags: ['b', 'c'], link: undefined },
    { name: 'those after one that is not there', query: '?last=aa', tags: ['b', 'c'], link: undefined },
    { name: 'none', query: '?n=0', tags: [], link: undefined },
    { name: 'with a parameter nobody knows', query: '?n=9&x=y', tags: ['B', 'a', 'b', 'c'], link: undefined },
  ])('are listed: $name', async ({ query, tags, link }) => {
    const answer = await send('GET', `/v2/team/app/tags/list${query}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe(JSON_TYPE);
    expect(answer.headers.link).toBe(link);
    expect(answer.json()).toEqual({ name: 'team/app', tags });
  });

  test('of an unknown repository are unknown', async () => {
    expectError(
      await send('GET', '/v2/no/such/tags/list'),
      404,
      'NAME_UNKNOWN',
      'repository name not known to registry: no/such',
    );
  });

  test('are not counted in letters', async () => {
    expect((await send('GET', '/v2/team/app/tags/list?n=ten')).statusCode).toBe(400);
  });
});

describe('repositories', () => {
  beforeEach(async () => {
    for (const name of ['b', 'a/b', 'a'])
      await send('PUT', `/v2/${name}/manifests/1`, { 'content-type': MANIFEST_TYPE }, '{}');
  });

  test.each([
    { name: 'all of them', query: '', repositories: ['a', 'a/b', 'b'], link: undefined },
    {
      name: 'the first two',
      query: '?n=2',
      repositories: ['a', 'a/b'],
      link: '</v2/_catalog?n=2&last=a%2Fb>; rel="next"',
    },
    { name: 'the rest', query: '?n=2&last=a%2Fb', repositories: ['b'], link: undefined },
    { name: 'none', query: '?n=0', repositories: [], link: undefined },
  ])('are listed: $name', async ({ query, repositories, link }) => {
    const answer = await send('GET', `/v2/_catalog${query}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe(JSON_TYPE);
    expect(answer.headers.link).toBe(link);
    expect(answer.json()).toEqual({ repositories });
  });

  test('are not counted in letters', async () => {
    expect((await send('GET', '/v2/_catalog?n=ten')).statusCode).toBe(400);
  });

  test('are listed and nothing else', async () => {
    const answer = await send('DELETE', '/v2/_catalog');
    expectError(answer, 405, 'UNSUPPORTED', 'DELETE is not supported on the catalogue');
    expect(answer.headers.allow).toBe('GET');
  });
});

describe('other requests', () => {
  test.each([
    { name: 'a bad name', url: '/v2/UPPER/tags/list', status: 400, code: 'NAME_INVALID' },
    { name: 'another path', url: '/', status: 404, code: 'UNSUPPORTED' },
    { name: 'a malformed path', url: '/v2/%zz/tags/list', status: 400, code: 'UNSUPPORTED' },
  ])('for $name are answered with an error document', async ({ url, status, code }) => {
    const answer = await send('GET', url);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe(JSON_TYPE);
  });

  test('from pages of other sites are refused', async () => {
    const answer = await send('POST', '/v2/a/blobs/uploads/', { origin: 'https://evil.example' });
    expectError(answer, 403, 'DENIED', 'requests from pages of other sites are refused');
    expect(backend.uploads.size).toBe(0);
  });

  test('leave a line in the log', async () => {
    await send('GET', '/v2/a/tags/list');
    expect(lines).toEqual([expect.stringMatching(/^GET \/v2\/a\/tags\/list 404 \d+ ms$/)]);
  });
});

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: no space left on device, write`), { code });
}
