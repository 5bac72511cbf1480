import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CheckedSignature,
  type Digest,
  openEngine,
  parseReference,
  type VerifyRequest,
  type VerifyResult,
  WherryError,
} from '@wherry/core';
import {
  type MemoryRegistry,
  makeImageFixture,
  makeSigner,
  serveSimpleSignatures,
  simpleSignature,
  startMemoryRegistry,
} from '@wherry/core/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const DIGEST = `sha256:${'a1'.repeat(32)}` as Digest;
const PAYLOAD = `sha256:${'b2'.repeat(32)}` as Digest;
const FINGERPRINT = `SHA256:${'c3'.repeat(32)}`;

const valid: CheckedSignature = {
  form: 'simple-signing',
  digest: PAYLOAD,
  verdict: {
    status: 'valid',
    key: { name: 'cosign.pub', fingerprint: FINGERPRINT },
    claims: { reference: 'r.io/team/app', annotations: { env: 'prod\u001b[31m', build: { n: 7 } } },
  },
};
const invalid = (reason: string): CheckedSignature => ({
  form: 'bundle',
  digest: PAYLOAD,
  verdict: { status: 'invalid', reason },
});

function engine(...signatures: CheckedSignature[]) {
  const asked: VerifyRequest[] = [];
  const verify = async (request: VerifyRequest): Promise<VerifyResult> => {
    asked.push(request);
    const target = { mediaType: '', digest: DIGEST, size: 1 };
    const isVerified = signatures.some(({ verdict }) => verdict.status === 'valid');
    return { ref: request.ref, target, isVerified, signatures };
  };
  return { asked, verify };
}

describe('wherry verify', () => {
  let directory = '';
  let key = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-verify-'));
    key = join(directory, 'cosign.pub');
    writeFileSync(key, 'PEM');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('tells what was verified, by whose signature, and what that claims', async () => {
    expect(
      await runCli(['verify', 'r.io/app:1'], { engine: engine(invalid('broken'), valid) }),
    ).toMatchObject({
      exitCode: 0,
      stdout:
        'r.io/app:1: verified\n' +
        `  Digest: ${DIGEST}\n` +
        `  Signature: simple-signing by cosign.pub (${FINGERPRINT})\n` +
        '    Signed as: r.io/team/app\n' +
        '    env=prod [31m\n' +
        '    build={"n":7}\n',
      stderr: '',
    });
  });

  test('hands on keys and a platform, and takes no platform of the environment', async () => {
    const { asked, verify } = engine(valid);
    const argv = ['verify', '--key', key, '--key', key, '--platform', 'linux/arm64', 'x', 'y:1'];
    await runCli(argv, { engine: { verify } });
    const keys = [
      { name: key, pem: 'PEM' },
      { name: key, pem: 'PEM' },
    ];
    expect(asked).toMatchObject([
      { ref: parseReference('x'), keys, platform: { os: 'linux', architecture: 'arm64' } },
      { ref: parseReference('y:1'), keys },
    ]);
    await runCli(['verify', 'x'], { engine: { verify }, env: { DOCKER_DEFAULT_PLATFORM: 'linux/arm64' } });
    expect(asked[2]).toEqual({ ref: parseReference('x') });
  });

  test.each([
    { name: 'not signed', signatures: [], stderr: `Error: r.io/app:1 (${DIGEST}) is not signed\n` },
    {
      name: 'signed by strangers',
      signatures: [
        invalid('made with none of the keys'),
        invalid('made with none of the keys'),
        invalid('a\nb\u001b[2J'),
      ],
      stderr:
        `Error: no valid signature of r.io/app:1 (${DIGEST}):\n` +
        '  made with none of the keys (2 signatures)\n  a b [2J\n',
    },
  ])('fails for what is $name', async ({ signatures, stderr }) => {
    const outcome = await runCli(['verify', 'r.io/app:1'], { engine: engine(...signatures) });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '', stderr });
  });

  test('shows no more reasons than fit a screen', async () => {
    const many = Array.from({ length: 500 }, (_, index) => invalid(`fault ${index}`));
    const { stderr } = await runCli(['verify', 'x'], { engine: engine(...many) });
    expect(stderr.split('\n')).toHaveLength(13);
    expect(stderr).toMatch(/\n {2}and 490 more reasons\n$/);
  });

  test('prints everything as JSON', async () => {
    const outcome = await runCli(['verify', '--format', 'json', 'r.io/app:1'], {
      engine: engine(invalid('broken'), valid),
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).not.toContain('\u001b');
    expect(JSON.parse(outcome.stdout)).toEqual({
      image: 'r.io/app:1',
      digest: DIGEST,
      verified: true,
      signatures: [
        { form: 'bundle', digest: PAYLOAD, status: 'invalid', reason: 'broken' },
        {
          form: 'simple-signing',
          digest: PAYLOAD,
          status: 'valid',
          key: { name: 'cosign.pub', fingerprint: FINGERPRINT },
          reference: 'r.io/team/app',
          annotations: { env: 'prod\u001b[31m', build: { n: 7 } },
        },
      ],
    });
    const refused = await runCli(['verify', '--format', 'json', 'x'], { engine: engine() });
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ verified: false, signatures: [] });
  });

  test('goes on with the next image, and tells failures with what to do', async () => {
    const { verify } = engine(valid);
    const failing = async (request: VerifyRequest) => {
      if (request.ref.tag === '1') return verify(request);
      throw new WherryError('NOT_TRUSTED', 'no key is configured for x', { hint: 'configure one' });
    };
    const outcome = await runCli(['verify', 'x', 'y:1'], { engine: { verify: failing } });
    expect(outcome).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^y:1: verified\n/),
      stderr: 'Error: no key is configured for x\nconfigure one\n',
    });
  });

  test.each([
    { name: 'no image', argv: [], stderr: /requires at least 1 argument/ },
    { name: 'what is no name', argv: ['X'], stderr: /^invalid reference format/ },
    { name: 'another format', argv: ['--format', 'xml', 'x'], stderr: /^--format is "xml", want json\n$/ },
    {
      name: 'a key that is not there',
      argv: ['--key', '/no/key', 'x'],
      stderr: /^open \/no\/key: no such file or directory\n$/,
    },
    { name: 'a directory for a key', argv: ['--key', '/', 'x'], stderr: /^open \/: is a directory\n$/ },
    {
      name: 'a platform that is none',
      argv: ['--platform', 'a/b/c/d', 'x'],
      stderr: /cannot parse platform/,
    },
  ])('refuses $name', async ({ argv, stderr }) => {
    const outcome = await runCli(['verify', ...argv]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(stderr) });
  });
});

describe('with a registry', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'wherry-verify-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function serve(registry: MemoryRegistry): Digest {
    const { blobs, image } = makeImageFixture();
    for (const bytes of blobs.values()) registry.addBlob('team/app', bytes);
    return registry.addManifest('team/app', '1', image.manifest.bytes, image.manifest.descriptor.mediaType)
      .digest;
  }

  test('verify and pull count the keys of the configuration', async () => {
    await using registry = await startMemoryRegistry();
    const signer = makeSigner('ed25519');
    const digest = serve(registry);
    const name = `${registry.host}/team/app:1`;
    const configFile = join(home, 'config.toml');
    const wherry = (...argv: string[]) =>
      runCli(['--root', join(home, 'store'), '--config', configFile, ...argv], {
        openEngine,
        env: { HOME: home },
      });
    writeFileSync(join(home, 'team.pub'), signer.pem);
    writeFileSync(configFile, '');
    const unknown = await wherry('verify', name);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^Error: no key is configured for .*\nput \[trust\."/);
    writeFileSync(configFile, `[trust."${registry.host}/team"]\nkeys = ["team.pub"]\nrequired = true\n`);
    expect(await wherry('verify', name)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is not signed'),
    });
    const refused = await wherry('pull', name);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^Error: .* is not signed\nwant a signature by .*team\.pub\n$/);
    expect(await wherry('images', '-q')).toMatchObject({ stdout: '' });
    serveSimpleSignatures(registry, 'team/app', digest, [simpleSignature(signer, digest)]);
    expect(await wherry('verify', name)).toMatchObject({ exitCode: 0 });
    expect((await wherry('pull', name)).stdout).toContain(`1: Verified by ${join(home, 'team.pub')}\n`);
  });
});
