import { readTrustKeys, type TrustRule, trustRuleFor } from '../../config/trust-rules.ts';
import { WherryError } from '../../errors.ts';
import { familiarName, type Reference, repositoryOf } from '../../reference.ts';
import { type PublicKey, parsePublicKey } from '../../signature/public-key.ts';
import type { SignedDocument } from '../../signature/verdict.ts';
import { type CheckedSignature, checkSignatures, type SignatureRegistry } from './signatures.ts';

/** Distinct reasons that an error repeats. */
const SHOWN_REASONS = 3;

/**
 * The keys that count for a name, read from their files. Throws `NOT_TRUSTED` when there is no rule for it,
 * `INVALID_CONFIG` for a key that cannot be read, `INVALID_ARGUMENT` for one that is none.
 */
export async function trustedKeys(rules: readonly TrustRule[], ref: Reference): Promise<PublicKey[]> {
  const rule = trustRuleFor(ref, rules);
  if (rule !== undefined) {
    const keys = await readTrustKeys(rule);
    return keys.map(({ pem, name }) => parsePublicKey(pem, name));
  }
  throw new WherryError('NOT_TRUSTED', `no key is configured for ${familiarName(ref)}`, {
    hint: `put [trust."${ref.domain}/${ref.path}"] with keys = ["/path/of/cosign.pub"] into wherry's config.toml`,
    details: { reference: familiarName(ref) },
  });
}

/** Tells whether a pull of a name verifies: when it is asked to, and where a rule requires it. */
export function isSignatureRequired(rules: readonly TrustRule[], ref: Reference, isAsked: boolean): boolean {
  return isAsked || trustRuleFor(ref, rules)?.required === true;
}

/** The keys that such a pull needs a signature of; `undefined` when it needs none. Throws as `trustedKeys`. */
export async function requiredKeys(
  rules: readonly TrustRule[],
  ref: Reference,
  isAsked: boolean,
): Promise<PublicKey[] | undefined> {
  return isSignatureRequired(rules, ref, isAsked) ? trustedKeys(rules, ref) : undefined;
}

/**
 * Finds a signature of the document by one of the keys, and gives that key's name. Throws `NOT_TRUSTED` when
 * there is none, with what was found instead.
 */
export async function requireSignature(
  registry: SignatureRegistry,
  ref: Reference,
  document: SignedDocument,
  keys: readonly PublicKey[],
  signal?: AbortSignal,
): Promise<string> {
  const refused: CheckedSignature[] = [];
  const repository = repositoryOf(ref);
  for await (const signature of checkSignatures({ registry, repository, document, keys, signal })) {
    if (signature.verdict.status === 'valid') return signature.verdict.key.name;
    refused.push(signature);
  }
  const subject = `${familiarName(ref)} (${document.digest})`;
  const names = keys.map(({ name }) => name).join(', ');
  throw new WherryError(
    'NOT_TRUSTED',
    refused.length === 0
      ? `${subject} is not signed`
      : `no valid signature of ${subject}: ${reasonsOf(refused)}`,
    { hint: `want a signature by ${names}`, details: { digest: document.digest } },
  );
}

function reasonsOf(signatures: readonly CheckedSignature[]): string {
  const reasons = new Set(signatures.map(({ verdict }) => ('reason' in verdict ? verdict.reason : '')));
  const shown = [...reasons].slice(0, SHOWN_REASONS);
  const more = reasons.size - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
