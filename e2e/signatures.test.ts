import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Peer, startDockerRegistry } from '../bench/peers.ts';
import { multiPlatformImage, remoteDigest, type SourceImage, seedRegistry } from './images.ts';
import { digestOf, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from './layout.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox } from './wherry.ts';

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

describeWith({ programs: ['docker-registry', 'skopeo', 'openssl'] }, 'signatures in a registry', () => {
  const sandbox = new Sandbox();
  let registry: Peer;
  let image: SourceImage;
  let signer: Signer;

  beforeAll(async () => {
    registry = await startDockerRegistry(sandbox.directory('registry'));
    image = await multiPlatformImage(sandbox.directory('image'));
    signer = await makeSigner(sandbox);
  });
  afterAll(async () => {
    await registry.stop();
    sandbox[Symbol.dispose]();
  });

  /** A `config.toml` that requires signatures of all that the registry has. */
  function strictConfig(): string {
    const path = join(sandbox.directory('config'), 'config.toml');
    const keys = JSON.stringify([signer.publicKey]);
    writeFileSync(path, `[trust."${registry.address}"]\nrequired = true\nkeys = ${keys}\n`);
    return path;
  }

  test('of the older form are verified, and pulls of what they are of go through', async () => {
    const name = `${registry.address}/signed/app:1`;
    await seedRegistry(image, name);
    const digest = await remoteDigest(name);
    await pushSignature(registry, 'signed/app', digest, signer);
    const stdout = await sandbox.wherry('verify', '--key', signer.publicKey, name);
    expect(stdout).toContain(`${name}: verified\n  Digest: ${digest}\n  Signature: simple-signing by `);
    expect(stdout).toContain('\n    Signed as: registry.example.com/app\n    env=prod\n');
    const root = sandbox.directory('root');
    const pulled = await sandbox.at(root, '--config', strictConfig(), 'pull', name);
    expect(pulled).toContain(`1: Verified by ${signer.publicKey}\n`);
    expect(pulled).toContain(`Digest: ${digest}\n`);

    const other = await makeSigner(sandbox);
    const refused = await sandbox.try('verify', '--key', other.publicKey, name);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `Error: no valid signature of ${name} (${digest}):\n  made with none of the keys\n`,
    );
    await sandbox.wherry('verify', '--key', other.publicKey, '--key', signer.publicKey, name);
  });

  test('are missing: nothing is pulled', async () => {
    const name = `${registry.address}/unsigned/app:1`;
    await seedRegistry(image, name);
    const root = sandbox.directory('root');
    for (const args of [[], ['--disable-content-trust'], ['--disable-content-trust=false']]) {
      const config = strictConfig();
      const refused = await sandbox.try('--root', root, '--config', config, 'pull', '-q', ...args, name);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^Error: .* is not signed\nwant a signature by .*\.pub\n$/);
    }
    const unknown = await sandbox.try('--root', root, 'pull', '-q', '--disable-content-trust=false', name);
    expect(unknown.stderr).toMatch(/^Error: no key is configured for .*\n.*config\.toml\n$/);
    expect(await sandbox.at(root, 'images', '-q')).toBe('');
  });

  test('in bundles are found by the tag for referrers', async () => {
    const repository = 'bundled/app';
    const name = `${registry.address}/${repository}:1`;
    await seedRegistry(image, name);
    const digest = await remoteDigest(name);
    const referrer = await pushBundle(registry, repository, digest, await bundleOf(signer, digest));
    await putManifest(registry, repository, digest.replace(':', '-'), OCI_INDEX, {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ ...referrer, artifactType: BUNDLE }],
    });
    const found = await sandbox.wherry('verify', '--key', signer.publicKey, '--format', 'json', name);
    expect(JSON.parse(found)).toMatchObject({
      digest,
      verified: true,
      signatures: [{ form: 'bundle', status: 'valid', annotations: { stage: 'prod' } }],
    });
    await sandbox.at(sandbox.directory('root'), '--config', strictConfig(), 'pull', '-q', name);
    const platform = ['--platform', 'linux/amd64'];
    const child = await sandbox.try('verify', '--key', signer.publicKey, ...platform, name);
    expect(child).toMatchObject({ status: 1, stderr: expect.stringContaining('is not signed') });
  });
});

/** A key pair of OpenSSL's, which signs with it. */
interface Signer {
  /** Path of the public key. */
  readonly publicKey: string;
  /** The signature in Base64. */
  sign(message: Buffer): Promise<string>;
}

async function makeSigner(sandbox: Sandbox): Promise<Signer> {
  const directory = sandbox.directory('keys');
  const [privateKey, publicKey] = [join(directory, 'cosign.key'), join(directory, 'cosign.pub')];
  await run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', privateKey);
  await run('openssl', 'ec', '-in', privateKey, '-pubout', '-out', publicKey);
  return {
    publicKey,
    async sign(message) {
      const [from, to] = [join(directory, 'message'), join(directory, 'signature')];
      writeFileSync(from, message);
      await run('openssl', 'dgst', '-sha256', '-sign', privateKey, '-out', to, from);
      return readFileSync(to).toString('base64');
    },
  };
}

/** Signs a digest as cosign did before there were bundles, from the specification alone. */
async function pushSignature(
  registry: Peer,
  repository: string,
  digest: string,
  signer: Signer,
): Promise<void> {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'registry.example.com/app' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: { env: 'prod' },
    }),
  );
  const annotations = { 'dev.cosignproject.cosign/signature': await signer.sign(payload) };
  const layer = { ...(await putBlob(registry, repository, payload, SIMPLE_SIGNING)), annotations };
  const config = await putBlob(registry, repository, Buffer.from('{}'), OCI_CONFIG);
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
  await putManifest(registry, repository, `${digest.replace(':', '-')}.sig`, OCI_MANIFEST, manifest);
}

/** A Sigstore bundle of a statement about a digest, made from the specifications alone. */
async function bundleOf(signer: Signer, digest: string): Promise<Buffer> {
  const payloadType = 'application/vnd.in-toto+json';
  const payload = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digest.slice('sha256:'.length) }, annotations: { stage: 'prod' } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    }),
  );
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: '' } },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType,
        signatures: [{ sig: await signer.sign(encoded) }],
      },
    }),
  );
}

interface Pushed {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function pushBundle(
  registry: Peer,
  repository: string,
  subject: string,
  bundle: Buffer,
): Promise<Pushed> {
  const config = await putBlob(registry, repository, Buffer.from('{}'), 'application/vnd.oci.empty.v1+json');
  const layer = await putBlob(registry, repository, bundle, BUNDLE);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config,
    layers: [layer],
    subject: { mediaType: OCI_INDEX, digest: subject, size: 1 },
  };
  return putManifest(registry, repository, undefined, OCI_MANIFEST, manifest);
}

async function putBlob(
  { address }: Peer,
  repository: string,
  bytes: Buffer,
  mediaType: string,
): Promise<Pushed> {
  const digest = digestOf(bytes);
  const begun = await fetch(`http://${address}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const url = new URL(begun.headers.get('location') ?? '', `http://${address}`);
  url.searchParams.set('digest', digest);
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  expect(response.status).toBe(201);
  return { mediaType, digest, size: bytes.length };
}

async function putManifest(
  { address }: Peer,
  repository: string,
  tag: string | undefined,
  mediaType: string,
  document: object,
): Promise<Pushed> {
  const body = Buffer.from(JSON.stringify(document));
  const digest = digestOf(body);
  const url = `http://${address}/v2/${repository}/manifests/${tag ?? digest}`;
  const headers = { 'content-type': mediaType };
  expect((await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) })).status).toBe(201);
  return { mediaType, digest, size: body.length };
}
