import type { NamedKey, TrustRule } from '../config/trust-rules.ts';
import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseIndex, resolvePlatform } from '../oci/index-document.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { type Reference, repositoryOf, withDigest } from '../reference.ts';
import type { RemoteDocument } from '../registry/registry-client.ts';
import { parsePublicKey } from '../signature/public-key.ts';
import { type CheckedSignature, checkSignatures, type SignatureRegistry } from './remote/signatures.ts';
import { trustedKeys } from './remote/trust.ts';
import { storedForm } from './resolve.ts';

export type { NamedKey } from '../config/trust-rules.ts';
export type { SignatureClaims, Verdict } from '../signature/verdict.ts';
export type { CheckedSignature } from './remote/signatures.ts';

export interface VerifyRequest {
  readonly ref: Reference;
  /** Public keys, any of which will do; absent: those that the configuration has for the name. */
  readonly keys?: readonly NamedKey[];
  /** The image for this platform in an index; absent: the index itself. */
  readonly platform?: Platform;
}

export interface VerifyResult {
  /** With the tag that was asked for, or the digest. */
  readonly ref: Reference;
  /** What was checked. */
  readonly target: Descriptor;
  /** One of the keys has signed it. */
  readonly isVerified: boolean;
  /** All that the registry has, in its order. */
  readonly signatures: readonly CheckedSignature[];
}

export interface VerifyDeps {
  readonly registry: SignatureRegistry;
  readonly trustRules: readonly TrustRule[];
  readonly host: Platform;
}

/** More than an index of indexes has levels. */
const MAX_LEVELS = 4;

/**
 * Checks the signatures that a registry has for what a name points to there, by public keys alone; nothing
 * is stored. Throws `INVALID_ARGUMENT` for a key that is none, `NOT_TRUSTED` when there is no key for the
 * name, `PLATFORM_UNKNOWN`, the registry's codes.
 */
export async function verify(
  deps: VerifyDeps,
  request: VerifyRequest,
  options: VerbOptions = {},
): Promise<VerifyResult> {
  const { registry } = deps;
  const { signal } = options;
  const ref = storedForm(request.ref);
  const keys = request.keys
    ? request.keys.map(({ pem, name }) => parsePublicKey(pem, name))
    : await trustedKeys(deps.trustRules, ref);
  const { descriptor: target, bytes } = await findTarget(deps, ref, request.platform, signal);
  const document = { digest: target.digest, bytes };
  const repository = repositoryOf(ref);
  const signatures: CheckedSignature[] = [];
  for await (const signature of checkSignatures({ registry, repository, document, keys, signal }))
    signatures.push(signature);
  const isVerified = signatures.some(({ verdict }) => verdict.status === 'valid');
  return { ref, target, isVerified, signatures };
}

/** What the name points to, or of an index the image for the platform that was asked for. */
async function findTarget(
  { registry, host }: VerifyDeps,
  ref: Reference,
  platform: Platform | undefined,
  signal: AbortSignal | undefined,
): Promise<RemoteDocument> {
  let found = await registry.getManifest(ref, signal);
  if (platform === undefined) return found;
  for (let level = 0; isIndexType(found.descriptor.mediaType); level++) {
    if (level === MAX_LEVELS)
      throw new WherryError('INVALID_DOCUMENT', `index ${found.descriptor.digest}: nested too deep`);
    const entry = resolvePlatform(parseIndex(found.bytes), platform, host);
    found = await registry.getManifest(withDigest(repositoryOf(ref), entry.digest), signal);
  }
  return found;
}
