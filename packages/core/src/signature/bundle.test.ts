import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { envelopeBundle, makeSigner, messageBundle, type SignerKind } from '../testing/signature-fixtures.ts';
import { checkBundle, isBundleType } from './bundle.ts';
import { preAuthEncoding } from './dsse.ts';
import { parsePublicKey } from './public-key.ts';

const bytes = Buffer.from('{"schemaVersion":2}');
const hex = createHash('sha256').update(bytes).digest('hex');
const document = { digest: `sha256:${hex}` as Digest, bytes };
const signer = makeSigner();
const key = parsePublicKey(signer.pem, 'cosign.pub');
const identity = { name: 'cosign.pub', fingerprint: key.fingerprint };
const stranger = makeSigner();
const check = (bundle: Uint8Array) => checkBundle(bundle, document, [key]);
const text = (bundle: Uint8Array) => Buffer.from(bundle).toString();

test('encodes type and payload as the specification does', () => {
  expect(
    Buffer.from(preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))).toString(),
  ).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  expect(Buffer.from(preAuthEncoding('ü', Buffer.alloc(0))).toString()).toBe('DSSEv1 2 ü 0 ');
});

test.each<SignerKind>(['p256', 'p384', 'ed25519', 'rsa'])(
  'takes both kinds of bundle of a %s key',
  (kind) => {
    const each = makeSigner(kind);
    const keys = [key, parsePublicKey(each.pem, 'each.pub')];
    expect(checkBundle(envelopeBundle(each, document.digest), document, keys)).toMatchObject({
      status: 'valid',
      key: { name: 'each.pub' },
      claims: { annotations: { stage: 'prod' } },
    });
    expect(checkBundle(messageBundle(each, bytes), document, keys)).toMatchObject({
      status: 'valid',
      key: { name: 'each.pub' },
      claims: { annotations: {} },
    });
  },
);

test('takes an image of sha512', () => {
  const digest = `sha512:${'c3'.repeat(64)}` as Digest;
  const subject = [{ digest: { sha256: 'x', sha512: 'c3'.repeat(64) } }];
  const bundle = envelopeBundle(signer, document.digest, { statement: { subject } });
  expect(checkBundle(bundle, { digest, bytes }, [key])).toEqual({
    status: 'valid',
    key: identity,
    claims: { annotations: {} },
  });
});

describe('finds fault with', () => {
  const otherSubject = { subject: [{ digest: { sha256: 'b2'.repeat(32) } }] };
  const good = text(envelopeBundle(signer, document.digest));
  const cases: readonly { name: string; bundle: Uint8Array; reason: string | RegExp }[] = [
    {
      name: "a stranger's statement",
      bundle: envelopeBundle(stranger, document.digest),
      reason: 'made with none of the keys',
    },
    {
      name: "a stranger's signature",
      bundle: messageBundle(stranger, bytes),
      reason: 'made with none of the keys',
    },
    {
      name: 'a statement about another image',
      bundle: envelopeBundle(signer, document.digest, { statement: otherSubject }),
      reason: 'signature of another image',
    },
    {
      name: 'a statement about nothing',
      bundle: envelopeBundle(signer, document.digest, { statement: { subject: [] } }),
      reason: 'signature of another image',
    },
    {
      name: 'a signature of another document',
      bundle: messageBundle(signer, Buffer.from('{}')),
      reason: 'signature of another image',
    },
    {
      name: 'a signature of another document that is said to be of this one',
      bundle: messageBundle(signer, Buffer.from('{}'), {
        messageSignature: { signature: signer.sign(Buffer.from('{}')).toString('base64') },
      }),
      reason: 'made with none of the keys',
    },
    {
      name: 'a payload of another type',
      bundle: envelopeBundle(signer, document.digest, { payloadType: 'text/plain' }),
      reason: 'payload of the type "text/plain"',
    },
    {
      name: 'a payload type that was changed afterwards',
      bundle: Buffer.from(
        text(envelopeBundle(signer, document.digest, { payloadType: 'text/plain' })).replace(
          'text/plain',
          'application/vnd.in-toto+json',
        ),
      ),
      reason: 'made with none of the keys',
    },
    {
      name: 'another statement',
      bundle: envelopeBundle(signer, document.digest, { statement: { _type: 'https://example.com/v1' } }),
      reason: 'statement of the type "https://example.com/v1"',
    },
    {
      name: 'a payload that is not Base64',
      bundle: Buffer.from(good.replace('"payload":"', '"payload":"*')),
      reason: 'payload that is not Base64',
    },
    {
      name: 'a signature that is not Base64',
      bundle: Buffer.from(good.replace('"sig":"', '"sig":"*')),
      reason: 'signature that is not Base64',
    },
    {
      name: 'an envelope without signatures',
      bundle: Buffer.from(good.replace(/"signatures":\[.*?\]/, '"signatures":[]')),
      reason: 'made with none of the keys',
    },
    {
      name: 'a thousand signatures in one envelope',
      bundle: Buffer.from(good.replace(/"signatures":\[.*?\]/, `"signatures":[${'{},'.repeat(999)}{}]`)),
      reason: 'bundle.dsseEnvelope.signatures: 1000 entries, want 16 at most',
    },
    {
      name: 'a bundle of a later version',
      bundle: envelopeBundle(signer, document.digest, {
        bundle: { mediaType: 'application/vnd.dev.sigstore.bundle.v9+json' },
      }),
      reason: 'bundle of the media type "application/vnd.dev.sigstore.bundle.v9+json"',
    },
    {
      name: 'a media type without end',
      bundle: envelopeBundle(signer, document.digest, { bundle: { mediaType: 'x'.repeat(100_000) } }),
      reason: /^bundle of the media type "x{100,200}…$/,
    },
    {
      name: 'a bundle without a signature',
      bundle: Buffer.from('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'),
      reason: 'bundle.messageSignature: missing, want an object',
    },
    { name: 'what is no JSON', bundle: Buffer.from('<html>'), reason: /^bundle: not JSON/ },
    {
      name: 'what is nested without end',
      bundle: Buffer.from('['.repeat(100_000)),
      reason: /^bundle: nested deeper/,
    },
    { name: 'nothing', bundle: Buffer.alloc(0), reason: /^bundle: not JSON/ },
  ];

  test.each(cases)('$name', ({ bundle, reason }) => {
    expect(check(bundle)).toEqual({
      status: 'invalid',
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  test('every bundle that is cut', () => {
    for (let length = 0; length < good.length; length++)
      expect(check(Buffer.from(good.slice(0, length))).status).toBe('invalid');
  });
});

test('does not check certificates, nor take an attestation for a signature', () => {
  for (const material of [{ certificate: { rawBytes: 'AA==' } }, { x509CertificateChain: {} }])
    for (const bundle of [
      envelopeBundle(stranger, document.digest, { bundle: { verificationMaterial: material } }),
      messageBundle(stranger, bytes, { verificationMaterial: material }),
    ])
      expect(check(bundle)).toEqual({
        status: 'not-checked',
        reason: 'keyless signatures are not supported',
      });
  const statement = { predicateType: 'https://slsa.dev/provenance/v1' };
  expect(check(envelopeBundle(signer, document.digest, { statement }))).toEqual({
    status: 'not-checked',
    reason: 'an attestation, https://slsa.dev/provenance/v1, and not a signature',
  });
});

test.each([
  { type: 'application/vnd.dev.sigstore.bundle.v0.3+json', is: true },
  { type: 'application/vnd.dev.sigstore.bundle+json;version=0.2', is: true },
  { type: 'application/vnd.dev.sigstore.bundle.v0.4+json', is: false },
  { type: 'application/json', is: false },
])('$type is a bundle: $is', ({ type, is }) => {
  expect(isBundleType(type)).toBe(is);
});
