import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import { withDigest } from '../reference.ts';
import { EngineSandbox, nameAt, serveDocument, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../testing/memory-registry.ts';
import {
  envelopeBundle,
  makeSigner,
  messageBundle,
  type SimpleSignature,
  serveBundle,
  serveFallbackTag,
  serveSimpleSignatures,
  simpleSignature,
} from '../testing/signature-fixtures.ts';
import { MAX_SIGNATURES } from './remote/signatures.ts';
import type { VerifyRequest, VerifyResult } from './verify.ts';

const REPOSITORY = 'team/app';
const signer = makeSigner();
const stranger = makeSigner();
const keys = [{ name: 'cosign.pub', pem: signer.pem }];
const fixture = makeImageFixture();
const AMD64: Platform = { os: 'linux', architecture: 'amd64' };

async function verify(registry: MemoryRegistry, request: Partial<VerifyRequest> = {}): Promise<VerifyResult> {
  await using sandbox = new EngineSandbox();
  const result = await sandbox
    .engine()
    .verify({ ref: nameAt(registry, `${REPOSITORY}:1`), keys, ...request });
  expect(sandbox.contents()).toEqual([]);
  return result;
}

const verdicts = ({ signatures }: VerifyResult) =>
  signatures.map(({ verdict }) => ('reason' in verdict ? verdict.reason : verdict.status));

describe('signatures under the .sig tag', () => {
  test('are found and checked', async () => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    const good = simpleSignature(signer, digest, { optional: { env: 'prod' } });
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(stranger, digest), good]);
    const result = await verify(registry);
    expect(result).toMatchObject({ isVerified: true, target: { digest } });
    expect(verdicts(result)).toEqual(['made with none of the keys', 'valid']);
    expect(result.signatures[1]).toMatchObject({
      form: 'simple-signing',
      digest: good.layer.digest,
      verdict: { key: { name: 'cosign.pub' }, claims: { annotations: { env: 'prod' } } },
    });
  });

  test('of one payload cost one request, and have an end, which leaves bundles their turn', async () => {
    await using registry = await startMemoryRegistry();
    const image = serveImage(registry, REPOSITORY, '1', fixture);
    const { digest } = image;
    const good = simpleSignature(signer, digest);
    const broken = (index: number): SimpleSignature => {
      const annotations = {
        'dev.cosignproject.cosign/signature': Buffer.from(`${index}`).toString('base64'),
      };
      return { ...good, layer: { ...good.layer, annotations } };
    };
    const bundle = serveBundle(registry, REPOSITORY, image, envelopeBundle(signer, digest));
    serveFallbackTag(registry, REPOSITORY, digest, [bundle]);
    const crowd = Array.from({ length: 2000 }, (_, index) => broken(index));
    serveSimpleSignatures(registry, REPOSITORY, digest, [...crowd, good]);
    const result = await verify(registry);
    expect(result.signatures).toHaveLength(MAX_SIGNATURES + 2);
    expect(verdicts(result).slice(MAX_SIGNATURES)).toEqual([
      `more than ${MAX_SIGNATURES} signatures: the rest was not looked at`,
      'valid',
    ]);
    expect(registry.requests.filter(({ kind }) => kind === 'blob')).toHaveLength(2);
  });

  test.each([
    { name: 'a size too small', layer: { size: 10 }, reason: /size/ },
    { name: 'a size too large', layer: { size: 10_000 }, reason: /size|bytes/ },
    {
      name: 'a payload of a gigabyte',
      layer: { size: 2 ** 30 },
      reason: /^1073741824 bytes, at most 1048576$/,
    },
    {
      name: 'a payload that is not there',
      layer: { digest: `sha256:${'0'.repeat(64)}` as Digest },
      reason: /blob unknown/,
    },
    {
      name: 'another media type',
      layer: { mediaType: 'application/octet-stream' },
      reason: /^layer of the media type "application\/octet-stream"$/,
    },
  ])('with $name are passed over', async ({ layer, reason }) => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    const strange = simpleSignature(signer, digest, { optional: { n: 1 }, layer });
    serveSimpleSignatures(registry, REPOSITORY, digest, [strange]);
    const alone = await verify(registry);
    expect(alone.isVerified).toBe(false);
    expect(verdicts(alone)).toEqual([expect.stringMatching(reason)]);
    serveSimpleSignatures(registry, REPOSITORY, digest, [strange, simpleSignature(signer, digest)]);
    expect((await verify(registry)).isVerified).toBe(true);
  });

  test('whose payload was changed on the way are refused', async () => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    registry.addFault({ on: 'GET blob', corrupt: true });
    const result = await verify(registry);
    expect(result.isVerified).toBe(false);
    expect(verdicts(result)).toEqual([expect.stringMatching(/digest sha256:/)]);
  });

  test('are none when the tag is an index, or a manifest that cannot be read', async () => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    const tag = `${digest.replace(':', '-')}.sig`;
    serveDocument(registry, REPOSITORY, tag, makeIndexFixture([]));
    expect(verdicts(await verify(registry))).toEqual([
      '"application/vnd.oci.image.index.v1+json" in the place of a manifest',
    ]);
    registry.addManifest(REPOSITORY, tag, { schemaVersion: 2, layers: [] });
    expect(verdicts(await verify(registry))).toEqual(['manifest.config: missing']);
  });
});

describe('bundles', () => {
  test.each([
    { name: 'by the API', options: { referrersPerPage: 1 } },
    { name: 'by the tag in its place', options: {} },
  ])('are found $name', async ({ options }) => {
    await using registry = await startMemoryRegistry(options);
    const image = serveImage(registry, REPOSITORY, '1', fixture);
    const manifest = fixture.image.manifest.bytes;
    const referrers = [
      envelopeBundle(stranger, image.digest),
      envelopeBundle(signer, image.digest),
      messageBundle(signer, manifest),
    ].map((bundle) => serveBundle(registry, REPOSITORY, image, bundle));
    serveFallbackTag(registry, REPOSITORY, image.digest, referrers);
    const result = await verify(registry);
    expect(result.isVerified).toBe(true);
    expect(verdicts(result)).toEqual(['made with none of the keys', 'valid', 'valid']);
    expect(result.signatures[1]).toMatchObject({
      form: 'bundle',
      digest: referrers[1]?.digest,
      verdict: { claims: { annotations: { stage: 'prod' } } },
    });
  });

  test('that are something else, not there or too large are passed over', async () => {
    await using registry = await startMemoryRegistry();
    const image = serveImage(registry, REPOSITORY, '1', fixture);
    const bundle = serveBundle(registry, REPOSITORY, image, envelopeBundle(stranger, image.digest));
    const large = serveBundle(registry, REPOSITORY, image, Buffer.alloc(2 << 20, ' '));
    const gone = { ...bundle, digest: `sha256:${'0'.repeat(64)}` as Digest };
    const predicate = { 'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1' };
    serveFallbackTag(registry, REPOSITORY, image.digest, [
      { ...bundle, artifactType: 'application/spdx+json' },
      { ...gone, annotations: predicate },
      gone,
      large,
      { ...image, artifactType: bundle.artifactType ?? '' },
    ]);
    const result = await verify(registry);
    expect(result.isVerified).toBe(false);
    expect(verdicts(result)).toEqual([
      'an attestation, https://slsa.dev/provenance/v1, and not a signature',
      'listed by the registry, and not there',
      `${2 << 20} bytes, at most ${1 << 20}`,
      'no bundle in it',
    ]);
  });
});

describe('what is checked', () => {
  const arm = makeImageFixture({ platform: { os: 'linux', architecture: 'arm64' } });
  const index = makeIndexFixture([
    { fixture, platform: AMD64 },
    { fixture: arm, platform: { os: 'linux', architecture: 'arm64' } },
  ]);

  test('is the index, or with a platform its image', async () => {
    await using registry = await startMemoryRegistry();
    for (const image of [fixture, arm]) serveImage(registry, REPOSITORY, '', image);
    const { digest } = serveDocument(registry, REPOSITORY, '1', index);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    expect(await verify(registry)).toMatchObject({ isVerified: true, target: { digest } });
    const child = fixture.image.manifest.descriptor.digest;
    expect(await verify(registry, { platform: AMD64 })).toMatchObject({
      isVerified: false,
      target: { digest: child },
      signatures: [],
    });
    serveSimpleSignatures(registry, REPOSITORY, child, [simpleSignature(signer, child)]);
    expect(await verify(registry, { platform: AMD64 })).toMatchObject({ isVerified: true });
  });

  test('is the digest that is asked for', async () => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    serveImage(registry, REPOSITORY, '1', arm);
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    expect((await verify(registry)).isVerified).toBe(false);
    expect((await verify(registry, { ref: withDigest(ref, digest) })).isVerified).toBe(true);
  });

  test('is not a signature of another image under this one', async () => {
    await using registry = await startMemoryRegistry();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    const other = arm.image.manifest.descriptor.digest;
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, other)]);
    expect(verdicts(await verify(registry))).toEqual([`signature of another image, ${other}`]);
  });
});

test('fails when the registry cannot be asked', async () => {
  await using registry = await startMemoryRegistry({ referrersPerPage: 9 });
  const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
  serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
  await expect(verify(registry, { ref: nameAt(registry, `${REPOSITORY}:2`) })).rejects.toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  });
  registry.addFault({ on: 'GET referrers', status: 403 });
  await expect(verify(registry)).rejects.toMatchObject({ code: 'DENIED' });
  await expect(verify(registry, { keys: [{ name: 'k', pem: 'x' }] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  await using sandbox = new EngineSandbox();
  const ref = nameAt(registry, `${REPOSITORY}:1`);
  await expect(sandbox.engine().verify({ ref })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
});
