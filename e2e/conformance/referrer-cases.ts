import { expect } from 'vitest';
import type { ConformanceCase } from './case.ts';
import { ABSENT, INDEX_TYPE, type PushedManifest, type RegistryUnderTest } from './registry-under-test.ts';

type Manifests = { digest: string; artifactType?: string; annotations?: object }[];

const contentOf = ({ mediaType, digest, size }: PushedManifest) => ({ mediaType, digest, size });

async function listed(registry: RegistryUnderTest, path: string): Promise<Manifests> {
  const answer = await registry.send('GET', path);
  expect([answer.status, answer.headers['content-type']]).toEqual([200, INDEX_TYPE]);
  return answer.json().manifests as Manifests;
}

/** OCI distribution-spec v1.1, "Pushing Manifests with Subject", "Listing Referrers". */
export const REFERRER_CASES: readonly ConformanceCase[] = [
  {
    name: 'end-7: OCI-Subject answers a manifest with a subject',
    check: async (registry) => {
      const name = registry.repository();
      const subject = contentOf(await registry.putManifest(name, 'v1'));
      const { answer } = await registry.putManifest(name, undefined, { fields: { subject } });
      expect(answer.headers['oci-subject']).toBe(subject.digest);
    },
  },
  {
    name: 'end-7: a subject need not be there',
    check: async (registry) => {
      const subject = { mediaType: INDEX_TYPE, digest: ABSENT, size: 7 };
      await registry.putManifest(registry.repository(), undefined, { fields: { subject } });
    },
  },
  {
    name: 'end-12a: referrers with their types and annotations',
    check: async (registry) => {
      const name = registry.repository();
      const subject = contentOf(await registry.putManifest(name, 'v1'));
      const annotations = { a: 'b' };
      const fields = { subject, annotations, artifactType: 'application/x' };
      const typed = await registry.putManifest(name, undefined, { fields });
      const plain = await registry.putManifest(name, undefined, { fields: { subject } });
      const index = await registry.putManifest(name, undefined, {
        fields: { subject, mediaType: INDEX_TYPE },
      });
      const manifests = await listed(registry, `/v2/${name}/referrers/${subject.digest}`);
      const byDigest = new Map(manifests.map((one) => [one.digest, one]));
      expect(manifests).toHaveLength(3);
      expect(byDigest.get(typed.digest)).toEqual({
        ...contentOf(typed),
        annotations,
        artifactType: 'application/x',
      });
      expect(byDigest.get(plain.digest)?.artifactType).toBe('application/octet-stream');
      expect(byDigest.get(index.digest)).not.toHaveProperty('artifactType');
    },
  },
  {
    name: 'end-12a: a digest without referrers has an empty list',
    check: async (registry) => {
      expect(await listed(registry, `/v2/${registry.repository()}/referrers/${ABSENT}`)).toEqual([]);
    },
  },
  {
    name: 'end-12a: what is no digest is answered with 400',
    check: async (registry) => {
      expect((await registry.send('GET', `/v2/${registry.repository()}/referrers/v1`)).status).toBe(400);
    },
  },
  {
    name: 'end-12b: referrers of one type, and OCI-Filters-Applied',
    check: async (registry) => {
      const name = registry.repository();
      const subject = contentOf(await registry.putManifest(name, 'v1'));
      const types = ['application/x+json', 'application/y'];
      for (const artifactType of types)
        await registry.putManifest(name, undefined, { fields: { subject, artifactType } });
      const url = `/v2/${name}/referrers/${subject.digest}?artifactType=application%2Fx%2Bjson`;
      const answer = await registry.send('GET', url);
      expect(answer.headers['oci-filters-applied']).toBe('artifactType');
      expect((answer.json().manifests as Manifests).map((one) => one.artifactType)).toEqual([types[0]]);
    },
  },
  {
    name: 'end-12: a referrer that was deleted is not listed',
    check: async (registry) => {
      const name = registry.repository();
      const subject = contentOf(await registry.putManifest(name, 'v1'));
      const { digest } = await registry.putManifest(name, undefined, { fields: { subject } });
      await registry.send('DELETE', `/v2/${name}/manifests/${digest}`);
      expect(await listed(registry, `/v2/${name}/referrers/${subject.digest}`)).toEqual([]);
    },
  },
  {
    name: 'end-12: manifests under a fallback tag are listed',
    check: async (registry) => {
      const name = registry.repository();
      const subject = contentOf(await registry.putManifest(name, 'v1'));
      const referrer = await registry.putManifest(name, undefined, { fields: { subject } });
      const fields = { mediaType: INDEX_TYPE, manifests: [contentOf(referrer)] };
      await registry.putManifest(name, subject.digest.replace(':', '-'), { fields });
      const manifests = await listed(registry, `/v2/${name}/referrers/${subject.digest}`);
      expect(manifests.map(({ digest }) => digest)).toEqual([referrer.digest]);
    },
  },
];
