import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { makeSigner, type SimpleSignature, simpleSignature } from '../testing/signature-fixtures.ts';
import { parsePublicKey } from './public-key.ts';
import { checkSimpleSigning, isAttachmentTag, signatureTag } from './simple-signing.ts';

const IMAGE = `sha256:${'a1'.repeat(32)}` as Digest;
const OTHER = `sha256:${'b2'.repeat(32)}` as Digest;
const SIGNATURE = 'dev.cosignproject.cosign/signature';
const signer = makeSigner();
const key = parsePublicKey(signer.pem, 'cosign.pub');
const stranger = parsePublicKey(makeSigner('ed25519').pem, 'stranger.pub');

const check = ({ layer, payload }: SimpleSignature) =>
  checkSimpleSigning(layer, payload, IMAGE, [stranger, key]);

test('tells whose a signature is, and what it claims', () => {
  expect(check(simpleSignature(signer, IMAGE, { optional: { env: 'prod', n: 1 } }))).toEqual({
    status: 'valid',
    key: { name: 'cosign.pub', fingerprint: key.fingerprint },
    claims: { reference: 'registry.example.com/team/app', annotations: { env: 'prod', n: 1 } },
  });
});

test.each([
  { name: 'with null for what it does not say', changes: { critical: { identity: null } } },
  { name: 'with an empty reference', changes: { critical: { identity: { 'docker-reference': '' } } } },
])('takes a payload $name', ({ changes }) => {
  expect(check(simpleSignature(signer, IMAGE, changes))).toMatchObject({
    status: 'valid',
    claims: { annotations: {} },
  });
});

describe('finds fault with', () => {
  const good = simpleSignature(signer, IMAGE);
  const withAnnotations = (annotations: Record<string, string>) => ({
    ...good,
    layer: { ...good.layer, annotations },
  });
  const text = good.layer.annotations?.[SIGNATURE] ?? '';
  const strange = simpleSignature(makeSigner(), IMAGE);

  test.each([
    { name: 'no signature', signature: withAnnotations({}), reason: `no annotation ${SIGNATURE}` },
    {
      name: 'one that is not Base64',
      signature: withAnnotations({ [SIGNATURE]: `${text.slice(0, -4)}!!!!` }),
      reason: 'signature that is not Base64',
    },
    {
      name: 'one with a line break in it',
      signature: withAnnotations({ [SIGNATURE]: `${text}\n` }),
      reason: 'signature that is not Base64',
    },
    {
      name: 'an empty one',
      signature: withAnnotations({ [SIGNATURE]: '' }),
      reason: 'made with none of the keys',
    },
    { name: "a stranger's", signature: strange, reason: 'made with none of the keys' },
    {
      name: 'one of other bytes',
      signature: { ...good, payload: Buffer.concat([good.payload, Buffer.from(' ')]) },
      reason: 'made with none of the keys',
    },
    {
      name: 'one of another image',
      signature: simpleSignature(signer, OTHER),
      reason: `signature of another image, ${OTHER}`,
    },
    {
      name: 'another type of payload',
      signature: simpleSignature(signer, IMAGE, { critical: { type: 'atomic container signature' } }),
      reason: 'payload of the type "atomic container signature"',
    },
    {
      name: 'a payload without an image',
      signature: simpleSignature(signer, IMAGE, { critical: { image: null } }),
      reason: 'payload.critical.image: null, want an object',
    },
    {
      name: 'a payload whose claims are a list',
      signature: simpleSignature(signer, IMAGE, { optional: [] }),
      reason: 'payload.optional: a list, want an object',
    },
  ])('$name', ({ signature, reason }) => {
    expect(check(signature)).toEqual({ status: 'invalid', reason });
  });

  test('a payload that is not JSON, though it is signed', () => {
    const payload = Buffer.from('{');
    const annotations = { [SIGNATURE]: signer.sign(payload).toString('base64') };
    expect(check({ payload, layer: { ...good.layer, annotations } })).toMatchObject({
      status: 'invalid',
      reason: expect.stringMatching(/^payload: not JSON/),
    });
  });
});

test('does not check a certificate, but a key beside one', () => {
  const annotations = { 'dev.sigstore.cosign/certificate': '-----BEGIN CERTIFICATE-----' };
  const certified = (signature: SimpleSignature) => ({
    ...signature,
    layer: { ...signature.layer, annotations: { ...signature.layer.annotations, ...annotations } },
  });
  expect(check(certified(simpleSignature(makeSigner(), IMAGE)))).toEqual({
    status: 'not-checked',
    reason: 'keyless signatures are not supported',
  });
  expect(check(certified(simpleSignature(signer, IMAGE))).status).toBe('valid');
});

test('knows the tag of an image, where there can be one', () => {
  expect(signatureTag(IMAGE)).toBe(`sha256-${'a1'.repeat(32)}.sig`);
  expect(signatureTag(`sha512:${'c3'.repeat(64)}` as Digest)).toBeUndefined();
});

test.each([
  { tag: `sha256-${'a1'.repeat(32)}.sig`, is: true },
  { tag: `sha256-${'a1'.repeat(32)}.att`, is: true },
  { tag: `sha256-${'a1'.repeat(32)}`, is: true },
  { tag: 'sha256-1.sig', is: false },
  { tag: '1.0', is: false },
])('$tag is of attachments: $is', ({ tag, is }) => {
  expect(isAttachmentTag(tag)).toBe(is);
});
