import { expect } from 'vitest';
import type { ConformanceCase } from './case.ts';
import { ABSENT, MANIFEST_TYPE, type RegistryUnderTest, withDigest } from './registry-under-test.ts';

interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly what: string;
  readonly send: (registry: RegistryUnderTest, name: string) => ReturnType<RegistryUnderTest['send']>;
}

const TYPE = { 'content-type': MANIFEST_TYPE };

const REFUSALS: readonly Refusal[] = [
  {
    code: 'BLOB_UNKNOWN',
    status: 404,
    what: 'a blob that is not there',
    send: (registry, name) => registry.send('GET', `/v2/${name}/blobs/${ABSENT}`),
  },
  {
    code: 'BLOB_UPLOAD_UNKNOWN',
    status: 404,
    what: 'an upload that is not there',
    send: (registry, name) =>
      registry.send('PATCH', `/v2/${name}/blobs/uploads/00000000-0000-4000-8000-000000000000`, {}, 'x'),
  },
  {
    code: 'DIGEST_INVALID',
    status: 400,
    what: 'a malformed digest at the end of an upload',
    send: async (registry, name) =>
      registry.send('PUT', withDigest(await registry.beginUpload(name), 'nonsense'), {}, 'x'),
  },
  {
    code: 'MANIFEST_BLOB_UNKNOWN',
    status: 404,
    what: 'a manifest of blobs that are not there',
    send: (registry, name) => {
      const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: ABSENT, size: 2 };
      const document = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] };
      return registry.send('PUT', `/v2/${name}/manifests/v1`, TYPE, JSON.stringify(document));
    },
  },
  {
    code: 'MANIFEST_INVALID',
    status: 400,
    what: 'a manifest that is no JSON',
    send: (registry, name) => registry.send('PUT', `/v2/${name}/manifests/v1`, TYPE, '{'),
  },
  {
    code: 'MANIFEST_UNKNOWN',
    status: 404,
    what: 'a manifest that is not there',
    send: (registry, name) => registry.send('GET', `/v2/${name}/manifests/v1`),
  },
  {
    code: 'NAME_INVALID',
    status: 400,
    what: 'a name in upper case',
    send: (registry) => registry.send('GET', '/v2/UPPER/tags/list'),
  },
  {
    code: 'NAME_UNKNOWN',
    status: 404,
    what: 'the tags of a repository that is not there',
    send: (registry, name) => registry.send('GET', `/v2/${name}/tags/list`),
  },
  {
    code: 'SIZE_INVALID',
    status: 400,
    what: 'a chunk that is not as long as its Content-Range',
    send: async (registry, name) =>
      registry.send('PATCH', await registry.beginUpload(name), { 'content-range': '0-4' }, 'hello world'),
  },
  {
    code: 'UNSUPPORTED',
    status: 405,
    what: 'a method that an endpoint has not',
    send: (registry) => registry.send('PATCH', '/v2/'),
  },
];

/** OCI distribution-spec v1.1, "Error Codes". */
export const ERROR_CASES: readonly ConformanceCase[] = REFUSALS.map(({ code, status, what, send }) => ({
  name: `${code}: ${what}`,
  check: async (registry) => {
    const answer = await send(registry, registry.repository());
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const [first] = answer.json().errors as { message: unknown }[];
    expect(typeof first?.message).toBe('string');
  },
}));
