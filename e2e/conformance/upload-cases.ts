import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { ConformanceCase } from './case.ts';
import { ABSENT, digestOf, type RegistryUnderTest, withDigest } from './registry-under-test.ts';

const HELLO = Buffer.from('hello world');
const OCTETS = { 'content-type': 'application/octet-stream' };

async function expectBlob(registry: RegistryUnderTest, name: string, digest: string, bytes: Buffer) {
  const answer = await registry.send('GET', `/v2/${name}/blobs/${digest}`);
  expect(answer.status).toBe(200);
  expect(answer.body.equals(bytes)).toBe(true);
}

/** OCI distribution-spec v1.1, "Pushing blobs"; those of its main branch say so. */
export const UPLOAD_CASES: readonly ConformanceCase[] = [
  {
    name: 'end-4a, end-6: POST then PUT',
    check: async (registry) => {
      const name = registry.repository();
      const begun = await registry.send('POST', `/v2/${name}/blobs/uploads/`);
      expect(begun.status).toBe(202);
      const target = withDigest(String(begun.headers.location), digestOf(HELLO));
      const done = await registry.send('PUT', target, OCTETS, HELLO);
      expect(done.status).toBe(201);
      expect(done.headers['docker-content-digest']).toBe(digestOf(HELLO));
      const pullable = await registry.send('GET', String(done.headers.location));
      expect(pullable.body.equals(HELLO)).toBe(true);
    },
  },
  {
    name: 'end-4b: POST with the whole blob stores it, or begins an upload',
    check: async (registry) => {
      const name = registry.repository();
      const bytes = randomBytes(50);
      const target = `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`;
      const answer = await registry.send('POST', target, OCTETS, bytes);
      expect([201, 202]).toContain(answer.status);
      expect(answer.headers.location).toBeDefined();
    },
  },
  {
    name: 'end-4b: POST with the whole blob stores it',
    check: async (registry) => {
      const name = registry.repository();
      const bytes = randomBytes(50);
      const target = `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`;
      expect((await registry.send('POST', target, OCTETS, bytes)).status).toBe(201);
      await expectBlob(registry, name, digestOf(bytes), bytes);
    },
  },
  {
    name: 'end-4c (main): a chunked upload of a sha512 blob',
    check: async (registry) => {
      const name = registry.repository();
      const bytes = randomBytes(3000);
      const digest = digestOf(bytes, 'sha512');
      let location = await registry.beginUpload(name, '?digest-algorithm=sha512');
      const first = { ...OCTETS, 'content-range': '0-999' };
      location = String(
        (await registry.send('PATCH', location, first, bytes.subarray(0, 1000))).headers.location,
      );
      const done = await registry.send('PUT', withDigest(location, digest), OCTETS, bytes.subarray(1000));
      expect([done.status, done.headers['docker-content-digest']]).toEqual([201, digest]);
      await expectBlob(registry, name, digest, bytes);
    },
  },
  {
    name: 'end-4c (main): an unknown digest algorithm is refused',
    check: async (registry) => {
      const answer = await registry.send(
        'POST',
        `/v2/${registry.repository()}/blobs/uploads/?digest-algorithm=md5`,
      );
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID']);
    },
  },
  {
    name: 'sha512: a blob in one PUT',
    check: async (registry) => {
      const name = registry.repository();
      const { digest } = await registry.putBlob(name, HELLO, 'sha512');
      await expectBlob(registry, name, digest, HELLO);
    },
  },
  {
    name: 'end-5, end-13, end-6: chunks in order, each answer with the next location and the range so far',
    check: async (registry) => {
      const name = registry.repository();
      let location = await registry.beginUpload(name);
      for (const [from, to] of [
        [0, 5],
        [5, 9],
      ] as const) {
        const headers = { ...OCTETS, 'content-range': `${from}-${to - 1}` };
        const answer = await registry.send('PATCH', location, headers, HELLO.subarray(from, to));
        expect([answer.status, answer.headers.range]).toEqual([202, `0-${to - 1}`]);
        location = String(answer.headers.location);
      }
      const status = await registry.send('GET', location);
      expect([status.status, status.headers.range, status.body.length]).toEqual([204, '0-8', 0]);
      const last = { ...OCTETS, 'content-range': '9-10' };
      const target = withDigest(String(status.headers.location ?? location), digestOf(HELLO));
      expect((await registry.send('PUT', target, last, HELLO.subarray(9))).status).toBe(201);
      await expectBlob(registry, name, digestOf(HELLO), HELLO);
    },
  },
  {
    name: 'end-5: a chunk that is streamed without Content-Range is appended',
    check: async (registry) => {
      const name = registry.repository();
      const location = await registry.beginUpload(name);
      const streamed = { ...OCTETS, 'transfer-encoding': 'chunked' };
      const answer = await registry.send('PATCH', location, streamed, HELLO);
      expect([answer.status, answer.headers.range]).toEqual([202, '0-10']);
      const target = withDigest(String(answer.headers.location), digestOf(HELLO));
      expect((await registry.send('PUT', target)).status).toBe(201);
      await expectBlob(registry, name, digestOf(HELLO), HELLO);
    },
  },
  {
    name: 'end-5: a chunk out of order is answered with 416, and end-13 tells where to go on',
    check: async (registry) => {
      const name = registry.repository();
      let location = await registry.beginUpload(name);
      const first = { ...OCTETS, 'content-range': '0-4' };
      location = String(
        (await registry.send('PATCH', location, first, HELLO.subarray(0, 5))).headers.location,
      );
      for (const range of ['7-10', '3-6']) {
        const headers = { ...OCTETS, 'content-range': range };
        const [from, to] = range.split('-').map(Number) as [number, number];
        const answer = await registry.send('PATCH', location, headers, HELLO.subarray(from, to + 1));
        expect(answer.status).toBe(416);
      }
      const status = await registry.send('GET', location);
      expect([status.status, status.headers.range]).toEqual([204, '0-4']);
    },
  },
  {
    name: 'end-6 (main): a last chunk out of order is answered with 416',
    check: async (registry) => {
      const location = await registry.beginUpload(registry.repository());
      const headers = { ...OCTETS, 'content-range': '5-10' };
      const target = withDigest(location, digestOf(HELLO));
      expect((await registry.send('PUT', target, headers, HELLO.subarray(5))).status).toBe(416);
    },
  },
  {
    name: 'end-6: the digest of something else is refused with DIGEST_INVALID',
    check: async (registry) => {
      const location = await registry.beginUpload(registry.repository());
      const answer = await registry.send('PUT', withDigest(location, ABSENT), OCTETS, HELLO);
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID']);
    },
  },
  {
    name: 'end-6: an unknown algorithm is refused with DIGEST_INVALID',
    check: async (registry) => {
      const location = await registry.beginUpload(registry.repository());
      const answer = await registry.send('PUT', withDigest(location, `md5:${'0'.repeat(32)}`), OCTETS, HELLO);
      expect([answer.status, answer.code]).toEqual([400, 'DIGEST_INVALID']);
    },
  },
  {
    name: 'end-11: a mount from the repository that has the blob',
    check: async (registry) => {
      const [from, to] = [registry.repository(), registry.repository()];
      const { digest } = await registry.putBlob(from, HELLO);
      const answer = await registry.send('POST', `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`);
      expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, digest]);
      await expectBlob(registry, to, digest, HELLO);
    },
  },
  {
    name: 'end-11: a mount without from',
    check: async (registry) => {
      const { digest } = await registry.putBlob(registry.repository(), HELLO);
      const to = registry.repository();
      const answer = await registry.send('POST', `/v2/${to}/blobs/uploads/?mount=${digest}`);
      expect(answer.status).toBe(201);
      await expectBlob(registry, to, digest, HELLO);
    },
  },
  {
    name: 'end-11: a mount of what is not there begins an upload',
    check: async (registry) => {
      const [from, to] = [registry.repository(), registry.repository()];
      await registry.putBlob(from);
      const answer = await registry.send('POST', `/v2/${to}/blobs/uploads/?mount=${ABSENT}&from=${from}`);
      expect(answer.status).toBe(202);
      expect(answer.headers.location).toBeDefined();
    },
  },
  {
    name: 'end-14 (main): an upload is cancelled',
    check: async (registry) => {
      const location = await registry.beginUpload(registry.repository());
      expect((await registry.send('DELETE', location)).status).toBe(204);
      expect((await registry.send('GET', location)).status).toBe(404);
    },
  },
];
