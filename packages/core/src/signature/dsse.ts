import { concatBytes } from '../bytes/concat.ts';
import { type Digest, digestAlgorithm, digestHex } from '../digest.ts';
import { arrayAt, type JsonObject, objectAt, readJsonObject, stringAt } from '../oci/json.ts';
import { decodeBase64 } from './base64.ts';
import type { PublicKey } from './public-key.ts';
import { invalid, notChecked, signerOf, unknownSigner, type Verdict, valid } from './verdict.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const STATEMENT = /^https:\/\/in-toto\.io\/Statement\/v(?:0\.1|1)$/;
const MAX_SIGNATURES = 16;
const MAX_SUBJECTS = 1000;

/** What a statement is when it is a signature: all other predicates tell something about an image. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** What is said of a statement with another predicate. */
export function attestationVerdict(predicateType: string): Verdict {
  return notChecked(`an attestation, ${predicateType}, and not a signature`);
}

/**
 * Checks an envelope that holds an in-toto statement about the image. Throws `INVALID_DOCUMENT`.
 * DSSE v1.0, "Signature Definition"; in-toto Statement v1.
 */
export function checkEnvelope(
  envelope: JsonObject,
  hasCertificate: boolean,
  image: Digest,
  keys: readonly PublicKey[],
): Verdict {
  const payloadType = stringAt(envelope.payloadType, 'bundle.dsseEnvelope.payloadType');
  const payload = decodeBase64(stringAt(envelope.payload, 'bundle.dsseEnvelope.payload'));
  if (payload === undefined) return invalid('payload that is not Base64');
  const message = preAuthEncoding(payloadType, payload);
  const signatures = arrayAt(envelope.signatures, 'bundle.dsseEnvelope.signatures', MAX_SIGNATURES);
  for (const [index, entry] of signatures.entries()) {
    const at = `bundle.dsseEnvelope.signatures[${index}]`;
    const signature = decodeBase64(stringAt(objectAt(entry, at).sig, `${at}.sig`));
    if (signature === undefined) return invalid('signature that is not Base64');
    const key = signerOf(keys, message, signature);
    if (key !== undefined) return readStatement(payloadType, payload, image, key);
  }
  return unknownSigner(hasCertificate);
}

/** The bytes that are signed: type and payload, each behind its length, so that neither can pass for the other. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const type = encoder.encode(payloadType);
  const head = encoder.encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  return concatBytes([head, payload]);
}

function readStatement(payloadType: string, payload: Uint8Array, image: Digest, key: PublicKey): Verdict {
  if (payloadType !== IN_TOTO) return invalid(`payload of the type ${JSON.stringify(payloadType)}`);
  const statement = readJsonObject(payload, 'statement');
  const type = stringAt(statement._type, 'statement._type');
  if (!STATEMENT.test(type)) return invalid(`statement of the type ${JSON.stringify(type)}`);
  const predicateType = stringAt(statement.predicateType, 'statement.predicateType');
  if (predicateType !== SIGN_PREDICATE) return attestationVerdict(predicateType);
  const subjects = arrayAt(statement.subject, 'statement.subject', MAX_SUBJECTS).map((subject, index) =>
    objectAt(subject, `statement.subject[${index}]`),
  );
  const subject = subjects.find((each, index) => digestOf(each, index, image) === digestHex(image));
  if (subject === undefined) return invalid('signature of another image');
  const annotations =
    subject.annotations == null ? {} : objectAt(subject.annotations, 'statement.subject.annotations');
  return valid(key, { annotations });
}

/** A subject's digest in the image's algorithm. */
function digestOf(subject: JsonObject, index: number, image: Digest): unknown {
  return objectAt(subject.digest, `statement.subject[${index}].digest`)[digestAlgorithm(image)];
}
