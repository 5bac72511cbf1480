import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { digestHex } from '../digest.ts';
import { digestOfBytes } from '../image/build-image.ts';
import { type Descriptor, descriptorToJson } from '../oci/descriptor.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import type { MemoryRegistry } from './memory-registry.ts';

export type SignerKind = 'p256' | 'p384' | 'ed25519' | 'rsa';

/** A key pair that signs as cosign does. */
export interface Signer {
  /** The public key as PEM. */
  readonly pem: string;
  sign(message: Uint8Array): Buffer;
}

const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const HASHES = { p256: 'sha256', p384: 'sha384', ed25519: null, rsa: 'sha256' } as const;
const EMPTY = Buffer.from('{}');

/** Makes a fresh pair of keys; `hash` is the algorithm's own when absent. */
export function makeSigner(kind: SignerKind = 'p256', hash: string | null = HASHES[kind]): Signer {
  const { publicKey, privateKey } = keyPair(kind);
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (message) => sign(hash, message, privateKey),
  };
}

function keyPair(kind: SignerKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: kind === 'p256' ? 'prime256v1' : 'secp384r1' });
}

/** A payload and its layer, as they stand under a `.sig` tag. */
export interface SimpleSignature {
  readonly payload: Buffer;
  readonly layer: Descriptor;
}

/** Signs a digest in the older form. `critical` and `layer` put other things in the place of the right ones. */
export function simpleSignature(
  signer: Signer,
  image: string,
  changes: {
    readonly critical?: object;
    readonly optional?: object | null;
    readonly layer?: Partial<Descriptor>;
  } = {},
): SimpleSignature {
  const critical = {
    identity: { 'docker-reference': 'registry.example.com/team/app' },
    image: { 'docker-manifest-digest': image },
    type: 'cosign container image signature',
    ...changes.critical,
  };
  const payload = Buffer.from(JSON.stringify({ critical, optional: changes.optional ?? null }));
  const layer = {
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    digest: digestOfBytes(payload),
    size: payload.length,
    annotations: { 'dev.cosignproject.cosign/signature': signer.sign(payload).toString('base64') },
    ...changes.layer,
  };
  return { payload, layer };
}

/** A Sigstore bundle that signs a statement about a digest. */
export function envelopeBundle(
  signer: Signer,
  image: string,
  changes: { readonly statement?: object; readonly bundle?: object; readonly payloadType?: string } = {},
): Buffer {
  const payloadType = changes.payloadType ?? 'application/vnd.in-toto+json';
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: image.slice('sha256:'.length) }, annotations: { stage: 'prod' } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
    ...changes.statement,
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const signature = signer.sign(Buffer.concat([Buffer.from(head), payload]));
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE_TYPE,
      verificationMaterial: { publicKey: { hint: 'x' }, tlogEntries: [] },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType,
        signatures: [{ sig: signature.toString('base64') }],
      },
      ...changes.bundle,
    }),
  );
}

/** A Sigstore bundle that signs a document's own bytes. */
export function messageBundle(signer: Signer, document: Uint8Array, changes: object = {}): Buffer {
  const digest = Buffer.from(digestHex(digestOfBytes(document)), 'hex').toString('base64');
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE_TYPE,
      verificationMaterial: { publicKey: { hint: 'x' } },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest },
        signature: signer.sign(document).toString('base64'),
      },
      ...changes,
    }),
  );
}

/** Puts signatures of the older form under the tag of the image. */
export function serveSimpleSignatures(
  registry: MemoryRegistry,
  repository: string,
  image: string,
  signatures: readonly SimpleSignature[],
): void {
  for (const { payload } of signatures) registry.addBlob(repository, payload);
  const layers = signatures.map(({ layer }) => descriptorToJson(layer));
  const document = { ...emptyManifest(registry, repository), layers };
  registry.addManifest(repository, `${image.replace(':', '-')}.sig`, document);
}

/** Puts a bundle into a registry, as a referrer of `subject`. Returns the referrer's descriptor. */
export function serveBundle(
  registry: MemoryRegistry,
  repository: string,
  subject: Descriptor,
  bundle: Uint8Array,
): Descriptor {
  const annotations = { 'dev.sigstore.bundle.content': 'dsse-envelope' };
  const layer = registry.addBlob(repository, bundle, BUNDLE_TYPE);
  const document = {
    ...emptyManifest(registry, repository),
    artifactType: BUNDLE_TYPE,
    layers: [layer],
    subject: descriptorToJson(subject),
    annotations,
  };
  const descriptor = registry.addManifest(repository, '', document);
  return { ...descriptor, artifactType: BUNDLE_TYPE, annotations };
}

/** Puts a list of referrers under the tag for registries that have no API for it. */
export function serveFallbackTag(
  registry: MemoryRegistry,
  repository: string,
  image: string,
  referrers: readonly Descriptor[],
): void {
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: referrers.map(descriptorToJson),
  };
  registry.addManifest(repository, image.replace(':', '-'), document, MEDIA_TYPES.ociIndex);
}

function emptyManifest(registry: MemoryRegistry, repository: string): object {
  const config = registry.addBlob(repository, EMPTY, MEDIA_TYPES.ociEmpty);
  return { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config };
}
