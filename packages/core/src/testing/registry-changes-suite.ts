import { afterEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../reference.ts';
import { referrersTag } from '../registry/referrers.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { type MemoryRegistry, type MemoryRegistryOptions, startMemoryRegistry } from './memory-registry.ts';
import { instantClock, type SuiteClientOptions } from './registry-client-suite.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: `sha256:${'4'.repeat(64)}` as Digest,
  size: 2,
};

/** What every `RegistryClient` must do about referrers and deletions. */
export function registryChangesSuite(
  name: string,
  createClient: (options: SuiteClientOptions) => RegistryClient,
): void {
  describe(name, () => {
    const open: AsyncDisposable[] = [];
    const clients: RegistryClient[] = [];
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
      await Promise.all(open.splice(0).map((one) => one[Symbol.asyncDispose]()));
    });

    const start = async (options?: MemoryRegistryOptions): Promise<MemoryRegistry> => {
      const registry = await startMemoryRegistry(options);
      open.push(registry);
      return registry;
    };
    const client = (options: Partial<SuiteClientOptions> = {}): RegistryClient => {
      const made = createClient({
        rules: [],
        dockerMirrors: [],
        credentials: {},
        clock: instantClock().clock,
        onWarning: () => {},
        ...options,
      });
      clients.push(made);
      return made;
    };

    describe('referrers', () => {
      const subject = { mediaType: MANIFEST_TYPE, digest: `sha256:${'a'.repeat(64)}` as Digest, size: 7 };
      const tag = referrersTag(subject.digest);

      test.each([
        { name: 'by its API, page after page', options: { referrersPerPage: 2 } },
        { name: 'by the fallback tag', options: {} },
      ])('come from a registry that lists them $name', async ({ options }) => {
        const registry = await start(options);
        const repo = refTo(registry);
        const stored: Descriptor[] = [];
        for (const kind of ['a/sig', 'a/sbom', 'a/att'])
          stored.push(await client().putReferrer(repo, referrer(subject, kind), MANIFEST_TYPE));
        const listed = await client().listReferrers(repo, subject.digest);
        expect(listed.map(({ digest }) => digest)).toEqual(stored.map(({ digest }) => digest));
        expect(listed.map(({ artifactType }) => artifactType)).toEqual(['a/sig', 'a/sbom', 'a/att']);
        expect(listed[0]).toMatchObject({ annotations: { kind: 'a/sig' }, mediaType: MANIFEST_TYPE });
        expect(registry.tags('team/app')).toEqual('referrersPerPage' in options ? [] : [tag]);
      });

      test('are listed once in a fallback tag, however often they are stored', async () => {
        const registry = await start();
        const bytes = referrer(subject, 'a/sig');
        for (let i = 0; i < 2; i++) await client().putReferrer(refTo(registry), bytes, MANIFEST_TYPE);
        expect(await client().listReferrers(refTo(registry), subject.digest)).toHaveLength(1);
      });

      test('leave what a fallback tag says of others as it is', async () => {
        const registry = await start();
        const other = { ...EMPTY, mediaType: MANIFEST_TYPE, 'dev.other': { kept: true } };
        registry.addManifest('team/app', tag, { schemaVersion: 2, own: 1, manifests: [other] }, INDEX_TYPE);
        await client().putReferrer(refTo(registry), referrer(subject, 'a/sig'), MANIFEST_TYPE);
        const index = JSON.parse(Buffer.from(registry.manifest('team/app', tag)!).toString());
        expect(index).toMatchObject({ own: 1, manifests: [other, { artifactType: 'a/sig' }] });
      });

      test('do not take the place of an image at the fallback tag', async () => {
        const registry = await start();
        registry.addManifest('team/app', tag, { schemaVersion: 2, config: EMPTY, layers: [] });
        const stored = client().putReferrer(refTo(registry), referrer(subject, 'a/sig'), MANIFEST_TYPE);
        await expect(stored).rejects.toMatchObject({ code: 'INVALID_DOCUMENT' });
        expect(await client().listReferrers(refTo(registry), subject.digest)).toEqual([]);
      });

      test.each([
        { name: 'nothing has', fault: undefined, code: undefined },
        { name: 'a web page answers for', fault: { status: 200, body: '<html>' }, code: undefined },
        { name: 'a registry refuses', fault: { status: 403 }, code: 'DENIED' },
        {
          name: 'is no document',
          fault: { status: 200, headers: INDEX, body: '[' },
          code: 'INVALID_DOCUMENT',
        },
        {
          name: 'goes on elsewhere',
          fault: {
            status: 200,
            headers: { ...INDEX, link: '<http://other.example/v2/>; rel="next"' },
            body: '{"schemaVersion":2,"manifests":[]}',
          },
          code: 'REGISTRY_ERROR',
        },
      ])('are none, or an error, where the list is what $name', async ({ fault, code }) => {
        const registry = await start({ faults: fault ? [{ on: 'GET referrers', ...fault }] : [] });
        const listed = client().listReferrers(refTo(registry), subject.digest);
        if (code === undefined) expect(await listed).toEqual([]);
        else await expect(listed).rejects.toMatchObject({ code });
      });
    });

    describe('deletion', () => {
      const document = { schemaVersion: 2, config: EMPTY, layers: [] };

      test.each([
        { deletes: 'tags', of: 'tag', outcome: 'deleted', left: ['b'] },
        { deletes: 'tags', of: 'digest', outcome: 'deleted', left: [] },
        { deletes: 'digests', of: 'tag', outcome: 'unsupported', left: ['a', 'b'] },
        { deletes: 'digests', of: 'digest', outcome: 'deleted', left: [] },
        { deletes: 'nothing', of: 'digest', outcome: 'unsupported', left: ['a', 'b'] },
      ] as const)('of a $of is $outcome where $deletes can be deleted', async (row) => {
        const registry = await start({ deletes: row.deletes });
        const { digest } = registry.addManifest('team/app', 'a', document);
        registry.addManifest('team/app', 'b', document);
        const named = row.of === 'tag' ? { tag: 'a' } : { digest };
        expect(await client().deleteManifest({ ...refTo(registry), ...named })).toBe(row.outcome);
        expect(registry.tags('team/app')).toEqual(row.left);
      });

      test('tells what is not there, and who may not', async () => {
        const registry = await start({
          faults: [{ on: 'DELETE manifest', after: 1, status: 403, body: '{"errors":[{"code":"DENIED"}]}' }],
        });
        const ref = { ...refTo(registry), tag: 'nosuch' };
        expect(await client().deleteManifest(ref)).toBe('missing');
        await expect(client().deleteManifest(ref)).rejects.toMatchObject({ code: 'DENIED' });
      });

      test('asks for the right to delete', async () => {
        const auth = { kind: 'token', username: 'user', password: 'secret' } as const;
        const registry = await start({ auth });
        registry.addManifest('team/app', 'a', document);
        const credentials = { [registry.host]: { username: 'user', password: 'secret' } };
        const deleted = await client({ credentials }).deleteManifest({ ...refTo(registry), tag: 'a' });
        expect(deleted).toBe('deleted');
      });
    });

    test('asks the origin, and no mirror, for what is to be changed', async () => {
      const [registry, mirror] = [await start(), await start()];
      const document = { schemaVersion: 2, config: EMPTY, layers: [] };
      const target = registry.addManifest('team/app', 'a', document);
      mirror.addManifest('team/app', 'a', { ...document, stale: true });
      const rule = {
        prefix: registry.host,
        insecure: false,
        blocked: false,
        mirrors: [{ location: mirror.host, pull: 'all', insecure: true, sendNamespace: false }],
        source: 'test',
      } as const;
      const { origin } = client({ rules: [rule] });
      const ref = { ...refTo(registry), tag: 'a' };
      expect(await origin.headManifest(ref)).toEqual(target);
      expect((await origin.getManifest(ref)).descriptor).toEqual(target);
      expect(mirror.requests).toEqual([]);
    });
  });
}

const INDEX = { 'content-type': INDEX_TYPE };

function refTo(registry: MemoryRegistry): Reference {
  return { domain: registry.host, path: 'team/app' };
}

function referrer(subject: Descriptor, artifactType: string): Uint8Array {
  const annotations = { kind: artifactType };
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, artifactType, config: EMPTY, layers: [EMPTY], subject, annotations }),
  );
}
