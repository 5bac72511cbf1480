import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import { isWherryError } from '../errors.ts';
import { type JsonObject, objectAt, readJsonObject, stringAt } from '../oci/json.ts';
import { decodeBase64 } from './base64.ts';
import { checkEnvelope } from './dsse.ts';
import type { PublicKey } from './public-key.ts';
import { invalid, type SignedDocument, signerOf, unknownSigner, type Verdict, valid } from './verdict.ts';

/** A signature with its envelope is some kilobytes; larger ones are attestations. */
export const MAX_BUNDLE_BYTES = 1024 * 1024;

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;
const SHA256_NAME = 'SHA2_256';

/** Tells whether a media or artifact type is that of a Sigstore bundle which can be read. */
export function isBundleType(mediaType: string): boolean {
  return BUNDLE.test(mediaType);
}

/**
 * Checks a Sigstore bundle against public keys: a signature of the document's bytes, or of a statement that
 * names its digest. What the bundle has for a transparency log is not looked at. Sigstore bundle v0.3.
 */
export function checkBundle(
  bytes: Uint8Array,
  document: SignedDocument,
  keys: readonly PublicKey[],
): Verdict {
  try {
    return readBundle(readJsonObject(bytes, 'bundle'), document, keys);
  } catch (error) {
    if (!isWherryError(error, 'INVALID_DOCUMENT')) throw error;
    return invalid(error.message);
  }
}

function readBundle(bundle: JsonObject, document: SignedDocument, keys: readonly PublicKey[]): Verdict {
  const mediaType = stringAt(bundle.mediaType, 'bundle.mediaType');
  if (!isBundleType(mediaType)) return invalid(`bundle of the media type ${JSON.stringify(mediaType)}`);
  const material =
    bundle.verificationMaterial == null
      ? {}
      : objectAt(bundle.verificationMaterial, 'bundle.verificationMaterial');
  const hasCertificate = material.certificate != null || material.x509CertificateChain != null;
  if (bundle.dsseEnvelope != null) {
    const envelope = objectAt(bundle.dsseEnvelope, 'bundle.dsseEnvelope');
    return checkEnvelope(envelope, hasCertificate, document.digest, keys);
  }
  const message = objectAt(bundle.messageSignature, 'bundle.messageSignature');
  return checkMessage(message, hasCertificate, document, keys);
}

function checkMessage(
  message: JsonObject,
  hasCertificate: boolean,
  document: SignedDocument,
  keys: readonly PublicKey[],
): Verdict {
  if (message.messageDigest != null && !isDigestOf(message.messageDigest, document.digest))
    return invalid('signature of another image');
  const signature = decodeBase64(stringAt(message.signature, 'bundle.messageSignature.signature'));
  if (signature === undefined) return invalid('signature that is not Base64');
  const key = signerOf(keys, document.bytes, signature);
  return key === undefined ? unknownSigner(hasCertificate) : valid(key, { annotations: {} });
}

/** Only a hint for whoever looks for the message: another algorithm says nothing about it. */
function isDigestOf(value: unknown, digest: Digest): boolean {
  const { algorithm, digest: encoded } = objectAt(value, 'bundle.messageSignature.messageDigest');
  if (algorithm !== SHA256_NAME || digestAlgorithm(digest) !== 'sha256') return true;
  const bytes = decodeBase64(stringAt(encoded, 'bundle.messageSignature.messageDigest.digest'));
  return bytes !== undefined && Buffer.from(bytes).toString('hex') === digestHex(digest);
}
