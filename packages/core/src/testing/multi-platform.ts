import type { Digest } from '../digest.ts';
import type { Engine } from '../engine/engine.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { hostPlatform, type Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';
import { EngineSandbox, nameAt, serveDocument, serveImage } from './engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, makeIndexFixture } from './image-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from './memory-registry.ts';

export const HOST = hostPlatform(process.platform, process.arch);
export const OTHER: Platform = {
  os: 'linux',
  architecture: HOST.architecture === 's390x' ? 'ppc64le' : 's390x',
};
/** Its config does not tell the variant, as those of many images do not: the index does. */
export const OLD_ARM: Platform = { os: 'linux', architecture: 'arm', variant: 'v6' };

/** Three images that share a layer. */
export const VARIANTS = {
  host: makeImageFixture({ platform: HOST, layers: [{ 'etc/base': 'base' }, { 'etc/own': 'own' }] }),
  other: makeImageFixture({ platform: OTHER, layers: [{ 'etc/base': 'base' }, { 'etc/other': 'other' }] }),
  oldArm: makeImageFixture({
    platform: { os: 'linux', architecture: 'arm' },
    layers: [{ 'etc/base': 'base' }, { 'etc/arm': 'arm' }],
  }),
} as const satisfies Record<string, ImageFixture>;

/** The index of the three, in the order: other, host, old ARM. */
export const MULTI_INDEX = makeIndexFixture([
  { fixture: VARIANTS.other, platform: OTHER },
  { fixture: VARIANTS.host, platform: HOST },
  { fixture: VARIANTS.oldArm, platform: OLD_ARM },
]);

export interface MultiPlatform extends AsyncDisposable {
  readonly sandbox: EngineSandbox;
  readonly registry: MemoryRegistry;
  readonly engine: Engine;
  /** `team/app:1` at the registry. */
  readonly ref: Reference;
}

export function imageIdOf({ image }: ImageFixture) {
  return image.config.descriptor.digest;
}

/** A store that holds every image of the index. Close it with `await using`. */
export async function pulledForAll(): Promise<MultiPlatform> {
  const registry = await startMemoryRegistry();
  const sandbox = new EngineSandbox();
  for (const fixture of Object.values(VARIANTS)) serveImage(registry, 'team/app', '', fixture);
  serveDocument(registry, 'team/app', '1', MULTI_INDEX);
  const ref = nameAt(registry, 'team/app:1');
  const engine = sandbox.engine();
  await engine.pull({ ref, allPlatforms: true });
  const dispose = async () => {
    await sandbox[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  };
  return { sandbox, registry, engine, ref, [Symbol.asyncDispose]: dispose };
}

/** Serves an attestation to a manifest, as BuildKit makes them: a manifest whose layer is a statement in JSON. */
export function serveAttestation(registry: MemoryRegistry, repository: string, subject: Digest): Descriptor {
  const config = registry.addBlob(repository, Buffer.from('{"architecture":"unknown","os":"unknown"}'));
  const statement = registry.addBlob(repository, Buffer.from(JSON.stringify({ subject, predicate: {} })));
  const descriptor = registry.addManifest(repository, '', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: [{ ...statement, mediaType: 'application/vnd.in-toto+json' }],
  });
  return {
    ...descriptor,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': subject,
    },
  };
}
