import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { WherryError } from '../errors.ts';

/** A public key that signatures are checked with. */
export interface PublicKey {
  /** For people: where it came from, such as the path of its file. */
  readonly name: string;
  /** `SHA256:` and 64 hexadecimal digits: the hash of the key as DER, which tells one key from another. */
  readonly fingerprint: string;
  /** Tells whether the key's owner signed the message: false also for bytes that are no signature. */
  hasSigned(message: Uint8Array, signature: Uint8Array): boolean;
}

const MAX_PEM_BYTES = 64 * 1024;
/** Of an RSA key of 16384 bits. */
const MAX_SIGNATURE_BYTES = 2048;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8 * MAX_SIGNATURE_BYTES;
const PUBLIC_LABELS = ['PUBLIC KEY', 'RSA PUBLIC KEY'];

/**
 * Reads a public key as PEM: ECDSA on P-256 or P-384, Ed25519, or RSA. `name` is what messages and results
 * call it. Throws `INVALID_ARGUMENT` for anything else, private keys and certificates included.
 */
export function parsePublicKey(pem: string, name: string): PublicKey {
  const key = readKey(pem, name);
  const digests = digestsOf(key, name);
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    name,
    fingerprint: `SHA256:${createHash('sha256').update(der).digest('hex')}`,
    hasSigned: (message, signature) =>
      signature.length <= MAX_SIGNATURE_BYTES &&
      digests.some((digest) => verify(digest, message, key, signature)),
  };
}

function readKey(pem: string, name: string): KeyObject {
  if (pem.length > MAX_PEM_BYTES) throw invalid(name, `larger than ${MAX_PEM_BYTES} bytes, not a public key`);
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  const [label] = labels;
  if (label === undefined) throw invalid(name, 'not a public key in the form of PEM');
  if (labels.length > 1) throw invalid(name, `${labels.length} PEM blocks, want one public key`);
  // Node would take the public half of a private key, and the key of a certificate that nobody checked.
  if (!PUBLIC_LABELS.includes(label)) throw invalid(name, `${label.toLowerCase()}, want a public key`);
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw invalid(name, 'not a public key that can be read', cause);
  }
}

/** What a key's owner may have hashed a message with; `null`: the algorithm hashes by itself. */
function digestsOf(key: KeyObject, name: string): readonly (string | null)[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return [null];
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return ['sha256'];
  // Older signers hash with SHA-256 whatever the curve is.
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return ['sha384', 'sha256'];
  if (type !== 'rsa') {
    const shown = [type, details?.namedCurve].filter((part) => part !== undefined).join(' ');
    throw invalid(name, `${shown} key, want ECDSA P-256 or P-384, Ed25519 or RSA`);
  }
  const bits = details?.modulusLength ?? 0;
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
    throw invalid(name, `RSA key of ${bits} bits, want ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
  return ['sha256'];
}

function invalid(name: string, fault: string, cause?: unknown): WherryError {
  return new WherryError('INVALID_ARGUMENT', `${name}: ${fault}`, {
    hint: 'a public key begins with -----BEGIN PUBLIC KEY-----',
    cause,
  });
}
