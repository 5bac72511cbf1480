import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withDigest } from '../reference.ts';
import {
  EngineSandbox,
  nameAt,
  recorder,
  requestsOf,
  serveDocument,
  serveImage,
} from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../testing/memory-registry.ts';
import {
  envelopeBundle,
  makeSigner,
  serveBundle,
  serveFallbackTag,
  serveSimpleSignatures,
  simpleSignature,
} from '../testing/signature-fixtures.ts';

const REPOSITORY = 'team/app';
const signer = makeSigner();
const fixture = makeImageFixture({ layers: [{ version: 'signed' }] });
const evil = makeImageFixture({ layers: [{ version: 'evil' }] });

/** An engine whose configuration has these lines; `cosign.pub` lies beside it. */
function engineWith(sandbox: EngineSandbox, toml: string) {
  const configFile = sandbox.path('config', 'config.toml');
  mkdirSync(dirname(configFile), { recursive: true });
  writeFileSync(configFile, toml);
  writeFileSync(sandbox.path('config', 'cosign.pub'), signer.pem);
  return sandbox.engine({ configFile });
}

const rule = (registry: MemoryRegistry, more = '', prefix = `/team`) =>
  `[trust."${registry.host}${prefix}"]\nkeys = ["cosign.pub"]\n${more}\n`;
const names = async (sandbox: EngineSandbox) => {
  const engine = sandbox.engine();
  return (await engine.images()).flatMap(({ repoTags, repoDigests }) => [...repoTags, ...repoDigests]);
};

describe('a pull that verifies', () => {
  test('takes what a key has signed, and tells which one', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    const engine = engineWith(sandbox, rule(registry));
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    for (const status of ['downloaded', 'up-to-date']) {
      const { events, onProgress } = recorder();
      expect(await engine.pull({ ref, verify: true }, { onProgress })).toMatchObject({ status });
      const keyName = sandbox.path('config', 'cosign.pub');
      expect(events.find(({ kind }) => kind === 'verified')).toEqual({
        kind: 'verified',
        ref,
        digest,
        keyName,
      });
    }
  });

  test('takes a bundle, and a key that stands in the configuration', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const image = serveImage(registry, REPOSITORY, '1', fixture);
    const bundle = serveBundle(registry, REPOSITORY, image, envelopeBundle(signer, image.digest));
    serveFallbackTag(registry, REPOSITORY, image.digest, [bundle]);
    const toml = `[trust."${registry.host}"]\nrequired = true\nkeys = ["""\n${signer.pem}"""]\n`;
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    expect(await engineWith(sandbox, toml).pull({ ref })).toMatchObject({ status: 'downloaded' });
  });

  test('takes an index that is signed, and not one whose image alone is', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const child = serveImage(registry, REPOSITORY, '', fixture);
    const platform = { os: 'linux', architecture: 'amd64' };
    const { digest } = serveDocument(registry, REPOSITORY, '1', makeIndexFixture([{ fixture, platform }]));
    const engine = engineWith(sandbox, rule(registry));
    const request = { ref: nameAt(registry, `${REPOSITORY}:1`), platform, verify: true };
    serveSimpleSignatures(registry, REPOSITORY, child.digest, [simpleSignature(signer, child.digest)]);
    await expect(engine.pull(request)).rejects.toThrow(/is not signed$/);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    expect(await engine.pull(request)).toMatchObject({ status: 'downloaded', target: { digest } });
  });

  test.each([
    { name: 'nothing signed', signatures: () => [], message: /\(sha256:[0-9a-f]{64}\) is not signed$/ },
    {
      name: 'a stranger signed',
      signatures: (digest: string) => [simpleSignature(makeSigner(), digest)],
      message: /^no valid signature of .*: made with none of the keys$/,
    },
    {
      name: 'another image was signed',
      signatures: () => [simpleSignature(signer, fixture.image.config.descriptor.digest)],
      message: /signature of another image, sha256:[0-9a-f]{64}$/,
    },
  ])('refuses what $name, and stores nothing', async ({ signatures, message }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, signatures(digest));
    const engine = engineWith(sandbox, rule(registry));
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    const refused = engine.pull({ ref, verify: true });
    await expect(refused).rejects.toMatchObject({
      code: 'NOT_TRUSTED',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('cosign.pub'),
    });
    expect(sandbox.contents()).toEqual([]);
    expect(await names(sandbox)).toEqual([]);
  });

  test('refuses a name without a key before it asks anybody', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'other/app', '1', fixture);
    const engine = engineWith(sandbox, rule(registry, 'required = true'));
    const ref = nameAt(registry, 'other/app:1');
    await expect(engine.pull({ ref, verify: true })).rejects.toMatchObject({
      code: 'NOT_TRUSTED',
      message: `no key is configured for ${registry.host}/other/app:1`,
      hint: expect.stringContaining(`[trust."${registry.host}/other/app"]`),
    });
    expect(requestsOf(registry)).toEqual([]);
    expect(await engine.pull({ ref })).toMatchObject({ status: 'downloaded' });
  });

  test('refuses what is here already and was never signed', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, REPOSITORY, '1', fixture);
    const engine = engineWith(sandbox, rule(registry));
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    const { target } = await engine.pull({ ref });
    await expect(engine.pull({ ref, verify: true })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    await expect(engine.pull({ ref: withDigest(ref, target.digest), verify: true })).rejects.toMatchObject({
      code: 'NOT_TRUSTED',
    });
  });
});

describe('a rule that requires signatures', () => {
  const setups = [
    { name: 'every pull', prefix: '/team', request: {} },
    { name: 'a pull that asks for none', prefix: '/team', request: { verify: false } },
    { name: 'all of a registry', prefix: '', request: {} },
    { name: 'one repository', prefix: '/team/app', request: {} },
  ];

  test.each(setups)('holds for $name', async ({ prefix, request }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, REPOSITORY, '1', fixture);
    const engine = engineWith(sandbox, rule(registry, 'required = true', prefix));
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    await expect(engine.pull({ ref, ...request })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    await expect(engine.pullAllTags({ ref, ...request })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    expect(await names(sandbox)).toEqual([]);
  });

  test('leaves signatures themselves out of a pull of all tags', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    const engine = engineWith(sandbox, rule(registry, 'required = true'));
    const ref = nameAt(registry, REPOSITORY);
    expect((await engine.pullAllTags({ ref })).map((result) => result.ref.tag)).toEqual(['1']);
    serveImage(registry, REPOSITORY, 'unsigned', evil);
    await expect(engine.pullAllTags({ ref })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
  });

  test('gives way to one with a longer prefix, and to no other', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    for (const repository of ['team/app', 'team/application', 'team/app/part'])
      serveImage(registry, repository, '1', fixture);
    const toml = rule(registry, 'required = true') + rule(registry, 'required = false', '/team/app');
    const engine = engineWith(sandbox, toml);
    for (const name of ['team/app:1', 'team/app/part:1'])
      expect(await engine.pull({ ref: nameAt(registry, name) })).toMatchObject({ status: 'downloaded' });
    await expect(engine.pull({ ref: nameAt(registry, 'team/application:1') })).rejects.toMatchObject({
      code: 'NOT_TRUSTED',
    });
  });

  test('holds for what a mirror has, which cannot weaken it', async () => {
    await using registry = await startMemoryRegistry();
    await using mirror = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    const mirrors = `[[registry]]\nprefix = "${registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`;
    const trustInMirror = `[trust."${mirror.host}"]\nkeys = ["cosign.pub"]\n`;
    const engine = engineWith(sandbox, mirrors + rule(registry, 'required = true') + trustInMirror);
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    const other = serveImage(mirror, REPOSITORY, '1', evil);
    serveSimpleSignatures(mirror, REPOSITORY, other.digest, [simpleSignature(makeSigner(), other.digest)]);
    await expect(engine.pull({ ref })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    expect(await names(sandbox)).toEqual([]);
    serveImage(mirror, REPOSITORY, '1', fixture);
    expect(await engine.pull({ ref })).toMatchObject({ status: 'downloaded', target: { digest } });
  });

  test('pulls what was verified, though the tag moves meanwhile', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, REPOSITORY, '1', fixture);
    serveSimpleSignatures(registry, REPOSITORY, digest, [simpleSignature(signer, digest)]);
    const engine = engineWith(sandbox, rule(registry, 'required = true'));
    const ref = nameAt(registry, `${REPOSITORY}:1`);
    const onProgress = ({ kind }: { readonly kind: string }) => {
      if (kind === 'verified') serveImage(registry, REPOSITORY, '1', evil);
    };
    const { imageId } = await engine.pull({ ref }, { onProgress });
    expect(imageId).toBe(fixture.image.config.descriptor.digest);
    await expect(engine.pull({ ref })).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    expect((await engine.images()).map(({ id }) => id)).toEqual([imageId]);
  });

  test.each([
    {
      name: 'is not there',
      key: 'gone.pub',
      code: 'INVALID_CONFIG',
      message: /key 1 of trust\..* is not there$/,
    },
    { name: 'is a directory', key: '.', code: 'INVALID_CONFIG', message: /cannot be read: EISDIR/ },
    { name: 'is none', key: 'config.toml', code: 'INVALID_ARGUMENT', message: /not a public key/ },
  ])('fails when its key $name', async ({ key, code, message }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, REPOSITORY, '1', fixture);
    const toml = `[trust."${registry.host}"]\nrequired = true\nkeys = [${JSON.stringify(key)}]\n`;
    const engine = engineWith(sandbox, toml);
    await expect(engine.pull({ ref: nameAt(registry, `${REPOSITORY}:1`) })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
