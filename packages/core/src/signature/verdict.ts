import type { Digest } from '../digest.ts';
import type { PublicKey } from './public-key.ts';

const MAX_REASON_CHARACTERS = 200;

/** What a signature is to be of: a manifest or an index, with its bytes. */
export interface SignedDocument {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What its signer said beside the digest. */
export interface SignatureClaims {
  /** The name that the image was signed under: nothing is compared with it. */
  readonly reference?: string;
  /** Whatever else the signer added. */
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** What became of checking one signature. */
export type Verdict =
  | {
      readonly status: 'valid';
      /** Whose it is. */
      readonly key: { readonly name: string; readonly fingerprint: string };
      readonly claims: SignatureClaims;
    }
  /** Broken, of another image, or of none of the keys. */
  | { readonly status: 'invalid'; readonly reason: string }
  /** Of a kind that is not supported, or none of this image itself. */
  | { readonly status: 'not-checked'; readonly reason: string };

export function valid({ name, fingerprint }: PublicKey, claims: SignatureClaims): Verdict {
  return { status: 'valid', key: { name, fingerprint }, claims };
}

export function invalid(reason: string): Verdict {
  return { status: 'invalid', reason: shortened(reason) };
}

export function notChecked(reason: string): Verdict {
  return { status: 'not-checked', reason: shortened(reason) };
}

/** The verdict on a signature that none of the keys made. */
export function unknownSigner(hasCertificate: boolean): Verdict {
  return hasCertificate
    ? notChecked('keyless signatures are not supported')
    : invalid('made with none of the keys');
}

/** The key that made a signature. */
export function signerOf(
  keys: readonly PublicKey[],
  message: Uint8Array,
  signature: Uint8Array,
): PublicKey | undefined {
  return keys.find((key) => key.hasSigned(message, signature));
}

/** A reason may quote what a stranger wrote. */
function shortened(reason: string): string {
  return reason.length > MAX_REASON_CHARACTERS ? `${reason.slice(0, MAX_REASON_CHARACTERS)}…` : reason;
}
