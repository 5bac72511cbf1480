import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import { isWherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { objectAt, optionalStringAt, readJsonObject, stringAt } from '../oci/json.ts';
import { decodeBase64 } from './base64.ts';
import type { PublicKey } from './public-key.ts';
import { invalid, signerOf, unknownSigner, type Verdict, valid } from './verdict.ts';

/** Media type of a payload that is signed. cosign SIGNATURE_SPEC.md. */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** A payload is a few hundred bytes; annotations may add to them. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;

const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
const CERTIFICATE_ANNOTATION = 'dev.sigstore.cosign/certificate';
const PAYLOAD_TYPE = 'cosign container image signature';

/** The tag that a document's signatures stand under; `undefined`: no tag is as long as that digest's. */
export function signatureTag(digest: Digest): string | undefined {
  return digestAlgorithm(digest) === 'sha256' ? `sha256-${digestHex(digest)}.sig` : undefined;
}

/** Tells whether a tag is one that signatures, attestations, SBOMs or referrers of an image stand under. */
export function isAttachmentTag(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/.test(tag);
}

/**
 * Checks one signature of the older form: `layer` describes the payload and has the signature in an
 * annotation. The reference in the payload is told and not compared: it is the signer's name for the image,
 * and a copy of it elsewhere is the same image. cosign SIGNATURE_SPEC.md.
 */
export function checkSimpleSigning(
  layer: Descriptor,
  payload: Uint8Array,
  image: Digest,
  keys: readonly PublicKey[],
): Verdict {
  const { [SIGNATURE_ANNOTATION]: text, [CERTIFICATE_ANNOTATION]: certificate } = layer.annotations ?? {};
  if (text === undefined) return invalid(`no annotation ${SIGNATURE_ANNOTATION}`);
  const signature = decodeBase64(text);
  if (signature === undefined) return invalid('signature that is not Base64');
  const key = signerOf(keys, payload, signature);
  if (key === undefined) return unknownSigner(certificate !== undefined);
  try {
    return readPayload(payload, image, key);
  } catch (error) {
    if (!isWherryError(error, 'INVALID_DOCUMENT')) throw error;
    return invalid(error.message);
  }
}

function readPayload(bytes: Uint8Array, image: Digest, key: PublicKey): Verdict {
  const payload = readJsonObject(bytes, 'payload');
  const critical = objectAt(payload.critical, 'payload.critical');
  const type = stringAt(critical.type, 'payload.critical.type');
  if (type !== PAYLOAD_TYPE) return invalid(`payload of the type ${JSON.stringify(type)}`);
  const target = objectAt(critical.image, 'payload.critical.image');
  const digest = stringAt(target['docker-manifest-digest'], 'payload.critical.image.docker-manifest-digest');
  if (digest !== image) return invalid(`signature of another image, ${digest}`);
  const identity = critical.identity == null ? {} : objectAt(critical.identity, 'payload.critical.identity');
  const reference = optionalStringAt(identity['docker-reference'], 'payload.critical.identity');
  const annotations = payload.optional == null ? {} : objectAt(payload.optional, 'payload.optional');
  return valid(key, { ...(reference ? { reference } : {}), annotations });
}
