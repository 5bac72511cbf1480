import { expect } from 'vitest';
import type { ConformanceCase } from './case.ts';
import { ABSENT, MANIFEST_TYPE } from './registry-under-test.ts';

/** OCI distribution-spec v1.1, "Pull", "Endpoints" 1 to 3. */
export const PULL_CASES: readonly ConformanceCase[] = [
  {
    name: 'end-1: GET /v2/ says that this is a registry',
    check: async (registry) => {
      expect((await registry.send('GET', '/v2/')).status).toBe(200);
    },
  },
  {
    name: 'end-2: GET of a blob gives its bytes and its digest',
    check: async (registry) => {
      const name = registry.repository();
      const { digest } = await registry.putBlob(name, 'hello world');
      const answer = await registry.send('GET', `/v2/${name}/blobs/${digest}`);
      expect([answer.status, answer.body.toString()]).toEqual([200, 'hello world']);
      expect(answer.headers).toMatchObject({ 'content-length': '11', 'docker-content-digest': digest });
    },
  },
  {
    name: 'end-2: HEAD of a blob gives its size and digest',
    check: async (registry) => {
      const name = registry.repository();
      const { digest } = await registry.putBlob(name, 'hello world');
      const answer = await registry.send('HEAD', `/v2/${name}/blobs/${digest}`);
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
      expect(answer.headers).toMatchObject({ 'content-length': '11', 'docker-content-digest': digest });
    },
  },
  {
    name: 'end-2: GET of a part of a blob is answered with 206',
    check: async (registry) => {
      const name = registry.repository();
      const { digest } = await registry.putBlob(name, 'hello world');
      const answer = await registry.send('GET', `/v2/${name}/blobs/${digest}`, { range: 'bytes=6-8' });
      expect([answer.status, answer.body.toString()]).toEqual([206, 'wor']);
      expect(answer.headers['content-range']).toBe('bytes 6-8/11');
    },
  },
  {
    name: 'end-2: GET of a part of a large blob is answered with 206',
    check: async (registry) => {
      const name = registry.repository();
      const bytes = Buffer.alloc(3_000_001, 'large blobs take another way ');
      const { digest } = await registry.putBlob(name, bytes);
      const url = `/v2/${name}/blobs/${digest}`;
      const answer = await registry.send('GET', url, { range: 'bytes=1000-2999999' });
      expect(answer.status).toBe(206);
      expect(answer.body.equals(bytes.subarray(1000, 3_000_000))).toBe(true);
      expect((await registry.send('GET', url)).body.equals(bytes)).toBe(true);
    },
  },
  ...(['GET', 'HEAD'] as const).map(
    (method) =>
      ({
        name: `end-2: ${method} of a blob that is not there is answered with 404`,
        check: async (registry) => {
          const name = registry.repository();
          await registry.putBlob(name);
          expect((await registry.send(method, `/v2/${name}/blobs/${ABSENT}`)).status).toBe(404);
        },
      }) satisfies ConformanceCase,
  ),
  ...(['GET', 'HEAD'] as const).map(
    (method) =>
      ({
        name: `end-3: ${method} of a manifest by tag and by digest`,
        check: async (registry) => {
          const name = registry.repository();
          const { digest, bytes } = await registry.putManifest(name, 'v1');
          for (const reference of ['v1', digest]) {
            const answer = await registry.send(method, `/v2/${name}/manifests/${reference}`);
            expect(answer.status).toBe(200);
            expect(answer.body.equals(method === 'GET' ? bytes : Buffer.alloc(0))).toBe(true);
            expect(answer.headers).toMatchObject({
              'content-type': MANIFEST_TYPE,
              'content-length': String(bytes.length),
              'docker-content-digest': digest,
            });
          }
        },
      }) satisfies ConformanceCase,
  ),
  ...(['GET', 'HEAD'] as const).map(
    (method) =>
      ({
        name: `end-3: ${method} of a manifest that is not there is answered with 404`,
        check: async (registry) => {
          const name = registry.repository();
          await registry.putManifest(name, 'v1');
          for (const reference of ['v2', ABSENT])
            expect((await registry.send(method, `/v2/${name}/manifests/${reference}`)).status).toBe(404);
        },
      }) satisfies ConformanceCase,
  ),
  {
    name: 'If-None-Match: a manifest that the client has is not sent again',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putManifest(name, 'v1');
      const { etag } = (await registry.send('GET', `/v2/${name}/manifests/v1`)).headers;
      const again = await registry.send('GET', `/v2/${name}/manifests/v1`, { 'if-none-match': String(etag) });
      expect([again.status, again.body.length]).toEqual([304, 0]);
    },
  },
  {
    name: 'If-None-Match: a list of tags that the client has is not sent again',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putManifest(name, 'v1');
      const url = `/v2/${name}/tags/list`;
      const { etag } = (await registry.send('GET', url)).headers;
      expect((await registry.send('GET', url, { 'if-none-match': String(etag) })).status).toBe(304);
      await registry.putManifest(name, 'v2');
      expect((await registry.send('GET', url, { 'if-none-match': String(etag) })).status).toBe(200);
    },
  },
];
