import { expect } from 'vitest';
import type { ConformanceCase } from './case.ts';
import { ABSENT, digestOf, INDEX_TYPE, MANIFEST_TYPE } from './registry-under-test.ts';

const LIMIT = 4 << 20;

/** OCI distribution-spec v1.1, "Pushing Manifests", "Listing Tags", "Content Management". */
export const MANIFEST_CASES: readonly ConformanceCase[] = [
  {
    name: 'end-7: a manifest is kept byte for byte, and its Location can be pulled',
    check: async (registry) => {
      const { answer, bytes, digest } = await registry.putManifest(registry.repository(), 'v1');
      expect(answer.headers['docker-content-digest']).toBe(digest);
      const pulled = await registry.send('GET', String(answer.headers.location));
      expect(pulled.body.equals(bytes)).toBe(true);
    },
  },
  {
    name: 'end-7: parameters of the Content-Type are ignored',
    check: async (registry) => {
      const name = registry.repository();
      const { bytes } = await registry.putManifest(name, 'v1');
      const type = `${MANIFEST_TYPE}; charset=utf-8`;
      const answer = await registry.send('PUT', `/v2/${name}/manifests/v2`, { 'content-type': type }, bytes);
      expect(answer.status).toBe(201);
    },
  },
  {
    name: 'end-7: a manifest of 4 MiB is taken',
    check: async (registry) => {
      const text = 'x'.repeat(LIMIT - 2000);
      await registry.putManifest(registry.repository(), 'v1', { fields: { annotations: { text } } });
    },
  },
  {
    name: 'end-7: a manifest above the limit is answered with 413',
    check: async (registry) => {
      const url = `/v2/${registry.repository()}/manifests/v1`;
      const body = Buffer.alloc(LIMIT + 1, ' ');
      expect((await registry.send('PUT', url, { 'content-type': MANIFEST_TYPE }, body)).status).toBe(413);
    },
  },
  {
    name: 'end-7: an index, and one without manifests',
    check: async (registry) => {
      const name = registry.repository();
      const { mediaType, digest, size } = await registry.putManifest(name);
      const manifests = [{ mediaType, digest, size }];
      await registry.putManifest(name, 'all', { fields: { mediaType: INDEX_TYPE, manifests } });
      await registry.putManifest(name, 'none', { fields: { mediaType: INDEX_TYPE } });
    },
  },
  {
    name: 'end-7: a manifest by its sha512 digest',
    check: async (registry) => {
      const name = registry.repository();
      const { bytes } = await registry.putManifest(name, 'v1');
      const url = `/v2/${name}/manifests/${digestOf(bytes, 'sha512')}`;
      const pushed = await registry.send('PUT', url, { 'content-type': MANIFEST_TYPE }, bytes);
      expect(pushed.status).toBe(201);
      const pulled = await registry.send('GET', url);
      expect(pulled.headers['docker-content-digest']).toBe(digestOf(bytes, 'sha512'));
      expect(pulled.body.equals(bytes)).toBe(true);
    },
  },
  {
    name: 'end-7b (main): ten tags with one manifest',
    check: async (registry) => {
      const name = registry.repository();
      const tags = Array.from({ length: 10 }, (_, at) => `t${at}`);
      const { answer, digest } = await registry.putManifest(name, undefined, {
        query: `?${tags.map((tag) => `tag=${tag}`).join('&')}`,
      });
      expect(String(answer.headers['oci-tag']).split(', ')).toEqual(tags);
      for (const tag of tags) {
        const found = await registry.send('HEAD', `/v2/${name}/manifests/${tag}`);
        expect([found.status, found.headers['docker-content-digest']]).toEqual([200, digest]);
      }
    },
  },
  {
    name: 'If-Match, If-None-Match: a tag is moved only if nobody else has moved it',
    check: async (registry) => {
      const name = registry.repository();
      const first = await registry.putManifest(name, 'v1');
      const second = await registry.putManifest(name);
      const url = `/v2/${name}/manifests/v1`;
      const push = (headers: Record<string, string>) =>
        registry.send('PUT', url, { 'content-type': MANIFEST_TYPE, ...headers }, second.bytes);
      expect((await push({ 'if-none-match': '*' })).status).toBe(412);
      expect((await push({ 'if-match': `"${second.digest}"` })).status).toBe(412);
      const found = await registry.send('HEAD', url);
      expect(found.headers['docker-content-digest']).toBe(first.digest);
      expect((await push({ 'if-match': String(found.headers.etag) })).status).toBe(201);
      expect((await registry.send('HEAD', url)).headers['docker-content-digest']).toBe(second.digest);
    },
  },
  {
    name: 'end-8a: all tags in ASCII order',
    check: async (registry) => {
      const name = registry.repository();
      for (const tag of ['b', 'a', 'B', '1', '_x']) await registry.putManifest(name, tag);
      const answer = await registry.send('GET', `/v2/${name}/tags/list`);
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ name, tags: ['1', 'B', '_x', 'a', 'b'] });
    },
  },
  {
    name: 'end-8b: tags page by page, along the Link',
    check: async (registry) => {
      const name = registry.repository();
      for (const tag of ['a', 'b', 'c', 'd', 'e']) await registry.putManifest(name, tag);
      const found: unknown[] = [];
      let pages = 0;
      for (let next: string | undefined = `/v2/${name}/tags/list?n=2`; next !== undefined; pages++) {
        const answer = await registry.send('GET', next);
        found.push(...(answer.json().tags as string[]));
        next = /<([^>]+)>; rel="next"/.exec(String(answer.headers.link))?.[1];
      }
      expect([found, pages]).toEqual([['a', 'b', 'c', 'd', 'e'], 3]);
    },
  },
  {
    name: 'end-8b: n=0 gives no tags and no Link',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putManifest(name, 'a');
      const answer = await registry.send('GET', `/v2/${name}/tags/list?n=0`);
      expect([answer.status, answer.json().tags, answer.headers.link]).toEqual([200, [], undefined]);
    },
  },
  {
    name: 'end-8b: last without n, and one that is no tag of the repository',
    check: async (registry) => {
      const name = registry.repository();
      for (const tag of ['a', 'c', 'd']) await registry.putManifest(name, tag);
      for (const last of ['a', 'b']) {
        const answer = await registry.send('GET', `/v2/${name}/tags/list?last=${last}`);
        expect(answer.json().tags).toEqual(['c', 'd']);
      }
    },
  },
  {
    name: 'end-8: tags of an unknown repository are answered with 404',
    check: async (registry) => {
      const answer = await registry.send('GET', `/v2/${registry.repository()}/tags/list`);
      expect([answer.status, answer.code]).toEqual([404, 'NAME_UNKNOWN']);
    },
  },
  {
    name: 'end-9: DELETE of a tag takes the tag alone',
    check: async (registry) => {
      const name = registry.repository();
      const { digest } = await registry.putManifest(name, 'v1', {});
      expect((await registry.send('DELETE', `/v2/${name}/manifests/v1`)).status).toBe(202);
      expect((await registry.send('GET', `/v2/${name}/manifests/v1`)).status).toBe(404);
      expect((await registry.send('GET', `/v2/${name}/manifests/${digest}`)).status).toBe(200);
    },
  },
  {
    name: 'end-9: DELETE by digest takes the manifest and every tag on it',
    check: async (registry) => {
      const name = registry.repository();
      const { digest, bytes } = await registry.putManifest(name, 'v1');
      const type = { 'content-type': MANIFEST_TYPE };
      await registry.send('PUT', `/v2/${name}/manifests/v2`, type, bytes);
      await registry.putManifest(name, 'other');
      expect((await registry.send('DELETE', `/v2/${name}/manifests/${digest}`)).status).toBe(202);
      for (const reference of ['v1', 'v2', digest])
        expect((await registry.send('GET', `/v2/${name}/manifests/${reference}`)).status).toBe(404);
      expect((await registry.send('GET', `/v2/${name}/manifests/other`)).status).toBe(200);
    },
  },
  {
    name: 'end-9: DELETE of a manifest that is not there is answered with 404',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putManifest(name, 'v1');
      expect((await registry.send('DELETE', `/v2/${name}/manifests/${ABSENT}`)).status).toBe(404);
    },
  },
  {
    name: 'end-10: DELETE of a blob takes it out of its repository alone',
    check: async (registry) => {
      const [name, other] = [registry.repository(), registry.repository()];
      const { digest } = await registry.putBlob(name, 'a blob of two repositories');
      await registry.putBlob(other, 'a blob of two repositories');
      expect((await registry.send('DELETE', `/v2/${name}/blobs/${digest}`)).status).toBe(202);
      expect((await registry.send('GET', `/v2/${name}/blobs/${digest}`)).status).toBe(404);
      expect((await registry.send('GET', `/v2/${other}/blobs/${digest}`)).status).toBe(200);
    },
  },
  {
    name: 'end-10: DELETE of a blob that is not there is answered with 404',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putBlob(name);
      expect((await registry.send('DELETE', `/v2/${name}/blobs/${ABSENT}`)).status).toBe(404);
    },
  },
  {
    name: 'catalog: repositories page by page',
    check: async (registry) => {
      const name = registry.repository();
      await registry.putManifest(name, 'v1');
      const before = name.slice(0, -1);
      const answer = await registry.send('GET', `/v2/_catalog?n=1&last=${encodeURIComponent(before)}`);
      expect([answer.status, answer.json().repositories]).toEqual([200, [name]]);
    },
  },
];
