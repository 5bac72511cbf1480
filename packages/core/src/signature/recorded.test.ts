import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { checkBundle } from './bundle.ts';
import { parsePublicKey } from './public-key.ts';
import { checkSimpleSigning, SIMPLE_SIGNING } from './simple-signing.ts';

// Made once by Sigstore's own libraries, with keys that were thrown away.

const BYTES = Buffer.from(
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
);
const DIGEST = 'sha256:dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2' as Digest;
const document = { digest: DIGEST, bytes: BYTES };

describe('what github.com/sigstore/sigstore v1.10.8, which cosign signs with, has signed', () => {
  const key = parsePublicKey(
    '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYjTueoQD9k5eM+jmnn19I0b9VUdS\nRn/ypKR4CASfb88CgLoYGEcEP7iOZowo9GYGYy4CY580UjSjQ7DNnBoJeg==\n-----END PUBLIC KEY-----\n',
    'cosign.pub',
  );
  const payload = Buffer.from(
    '{"critical":{"identity":{"docker-reference":"registry.example.com/team/app"},"image":{"docker-manifest-digest":"sha256:dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2"},"type":"cosign container image signature"},"optional":{"env":"prod"}}',
  );
  const signature =
    'MEQCIGb1mX0BKR5TDszhG0MmM3KPvVCf0BDbRMeCFw/j4WfsAiBffpmKZr5CgvXgdUMUP+fkBpCugU77eSt+cwUPEgAiEQ==';
  const envelope = JSON.parse(
    '{"payloadType":"application/vnd.in-toto+json","payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiZGZmOWRlMTA5MTkxNDg3MTExNDBkMzQ5YmYwM2YxYTk5ZWIwNmY5NGIwM2U1MTcxNWNjZWJmYTdjZGM1MThlMiJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL3NpZ3N0b3JlLmRldi9jb3NpZ24vc2lnbi92MSIsInByZWRpY2F0ZSI6e319","signatures":[{"keyid":"","sig":"MEYCIQDeVkv8ft2Ttm3MHZhJfnSeSWE9h1LWdrT1CTtU6uOJHAIhAJOKWIWR6yXb0QvNA84pleKvfS9CUXJLlCNoib9wC4ZC"}]}',
  );

  test('is a payload', () => {
    const annotations = { 'dev.cosignproject.cosign/signature': signature };
    const layer = { mediaType: SIMPLE_SIGNING, digest: DIGEST, size: payload.length, annotations };
    expect(checkSimpleSigning(layer, payload, DIGEST, [key])).toMatchObject({
      status: 'valid',
      claims: { reference: 'registry.example.com/team/app', annotations: { env: 'prod' } },
    });
  });

  test('is an envelope', () => {
    const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const bundle = Buffer.from(JSON.stringify({ mediaType, dsseEnvelope: envelope }));
    expect(checkBundle(bundle, document, [key]).status).toBe('valid');
  });
});

describe('what @sigstore/sign 4.1.1 has signed', () => {
  const key = parsePublicKey(
    '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuvik4/uepuHdTIGCrcqXfdIAvv9P\nEOK9MhvGd7sRDZutmcIiMtu1UG33+J4P+vuW0PTqZPRvSbkmeI9ttwa3Ng==\n-----END PUBLIC KEY-----\n',
    'cosign.pub',
  );

  test.each([
    {
      name: 'a bundle with an envelope',
      annotations: { env: 'prod' },
      bundle:
        '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"cosign.pub"},"timestampVerificationData":{}},"dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiZGZmOWRlMTA5MTkxNDg3MTExNDBkMzQ5YmYwM2YxYTk5ZWIwNmY5NGIwM2U1MTcxNWNjZWJmYTdjZGM1MThlMiJ9LCJhbm5vdGF0aW9ucyI6eyJlbnYiOiJwcm9kIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEYCIQDL59Fb7+sUOUN/Eq/9dWSx0T4RE372apoMHAbztTq8tgIhAO5btVU8p8w6do7tEpkypgyokk0REm+duaHhC/aOmxH+","keyid":"cosign.pub"}]}}',
    },
    {
      name: 'a bundle with a signature of the document',
      annotations: {},
      bundle:
        '{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.2","verificationMaterial":{"publicKey":{"hint":"cosign.pub"},"timestampVerificationData":{}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"3/neEJGRSHERQNNJvwPxqZ6wb5SwPlFxXM6/p83FGOI="},"signature":"MEQCIFEFBboRKEMwz2GNuO5R8NtHu0s0/1hZ5/aHU000amqPAiBuursLqQrsIULvrflF4rBofj65P1VWPoQKm0QvGprjzg=="}}',
    },
  ])('is $name', ({ bundle, annotations }) => {
    expect(checkBundle(Buffer.from(bundle), document, [key])).toMatchObject({
      status: 'valid',
      claims: { annotations },
    });
    const other = { bytes: BYTES.subarray(1), digest: `sha256:${'0'.repeat(64)}` as Digest };
    expect(checkBundle(Buffer.from(bundle), other, [key])).toMatchObject({
      status: 'invalid',
      reason: 'signature of another image',
    });
  });
});
