import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeSigner } from '../testing/signature-fixtures.ts';
import { parsePublicKey } from './public-key.ts';

const MESSAGE = Buffer.from('a message');
const SPKI = { type: 'spki', format: 'pem' } as const;

test.each([
  { kind: 'p256', hash: undefined },
  { kind: 'p384', hash: undefined },
  { kind: 'p384', hash: 'sha256' },
  { kind: 'ed25519', hash: undefined },
  { kind: 'rsa', hash: undefined },
] as const)('knows what a $kind key has signed (hash: $hash)', ({ kind, hash }) => {
  const signer = makeSigner(kind, hash);
  const key = parsePublicKey(signer.pem, 'cosign.pub');
  const signature = signer.sign(MESSAGE);
  expect(key.name).toBe('cosign.pub');
  expect(key.fingerprint).toMatch(/^SHA256:[0-9a-f]{64}$/);
  expect(key.hasSigned(MESSAGE, signature)).toBe(true);
  expect(key.hasSigned(Buffer.from('another message'), signature)).toBe(false);
  expect(parsePublicKey(makeSigner(kind).pem, 'other').hasSigned(MESSAGE, signature)).toBe(false);
});

test.each(['p256', 'p384', 'ed25519', 'rsa'] as const)('takes no bytes for a signature of %s', (kind) => {
  const signer = makeSigner(kind);
  const key = parsePublicKey(signer.pem, 'k');
  const signature = signer.sign(MESSAGE);
  for (let length = 0; length < signature.length; length++)
    expect(key.hasSigned(MESSAGE, signature.subarray(0, length))).toBe(false);
  for (let at = 0; at < signature.length; at++) {
    const changed = Buffer.from(signature);
    changed[at]! ^= 0x55;
    expect(key.hasSigned(MESSAGE, changed)).toBe(false);
  }
  expect(key.hasSigned(MESSAGE, Buffer.alloc(0))).toBe(false);
  expect(key.hasSigned(MESSAGE, Buffer.alloc(1 << 20, 0x30))).toBe(false);
});

test('reads an RSA key in its own form', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const pem = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  expect(parsePublicKey(pem, 'k').fingerprint).toBe(
    parsePublicKey(publicKey.export(SPKI).toString(), 'k').fingerprint,
  );
  expect(privateKey.type).toBe('private');
});

describe('refuses', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = ec.publicKey.export(SPKI).toString();
  const privatePem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const of = (key: { export(options: typeof SPKI): string | Buffer }) => key.export(SPKI).toString();

  test.each([
    { name: 'nothing', text: '', message: 'k: not a public key in the form of PEM' },
    { name: 'what is no PEM', text: 'ssh-ed25519 AAAA', message: 'k: not a public key in the form of PEM' },
    { name: 'a private key', text: privatePem, message: 'k: private key, want a public key' },
    {
      name: "cosign's private key",
      text: '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJ9\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n',
      message: 'k: encrypted sigstore private key, want a public key',
    },
    {
      name: 'a certificate',
      text: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      message: 'k: certificate, want a public key',
    },
    { name: 'two keys', text: pem + pem, message: 'k: 2 PEM blocks, want one public key' },
    {
      name: 'a cut key',
      text: pem.replace(/\n.{20}/, '\n'),
      message: 'k: not a public key that can be read',
    },
    {
      name: 'another curve',
      text: of(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      message: 'k: ec secp256k1 key, want ECDSA P-256 or P-384, Ed25519 or RSA',
    },
    {
      name: 'another algorithm',
      text: of(generateKeyPairSync('x25519').publicKey),
      message: 'k: x25519 key, want ECDSA P-256 or P-384, Ed25519 or RSA',
    },
    {
      name: 'a short RSA key',
      text: of(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      message: 'k: RSA key of 1024 bits, want 2048 to 16384',
    },
    {
      name: 'a megabyte',
      text: pem.padEnd(1 << 20),
      message: 'k: larger than 65536 bytes, not a public key',
    },
  ])('$name', ({ text, message }) => {
    expect(() => parsePublicKey(text, 'k')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });
});
