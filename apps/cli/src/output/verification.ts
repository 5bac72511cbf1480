import { type CheckedSignature, familiarName, type VerifyResult } from '@wherry/core';
import { oneLine } from './printable.ts';

/** Distinct reasons that are shown; the registry decides how many there are. */
const SHOWN_REASONS = 10;
const SHOWN_VALUE_CHARACTERS = 200;

/** Lines about an image that is signed: its digest, then each signature that counts. */
export function describeVerified({ ref, target, signatures }: VerifyResult): string {
  const lines = [`${familiarName(ref)}: verified`, `  Digest: ${target.digest}`];
  for (const signature of signatures) lines.push(...signatureLines(signature));
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

function signatureLines({ form, verdict }: CheckedSignature): string[] {
  if (verdict.status !== 'valid') return [];
  const { key, claims } = verdict;
  return [
    `  Signature: ${form} by ${key.name} (${key.fingerprint})`,
    ...(claims.reference === undefined ? [] : [`    Signed as: ${claims.reference}`]),
    ...Object.entries(claims.annotations).map(([name, value]) => `    ${name}=${shownValue(value)}`),
  ];
}

/** Why an image does not count as signed: each reason once, with how many signatures it holds for. */
export function refusalText({ ref, target, signatures }: VerifyResult): string {
  const subject = `${familiarName(ref)} (${target.digest})`;
  if (signatures.length === 0) return `${subject} is not signed`;
  const counts = new Map<string, number>();
  for (const { verdict } of signatures)
    if ('reason' in verdict) counts.set(verdict.reason, (counts.get(verdict.reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) =>
    oneLine(count === 1 ? reason : `${reason} (${count} signatures)`),
  );
  const more = reasons.length - SHOWN_REASONS;
  return [
    `no valid signature of ${subject}:`,
    ...reasons.slice(0, SHOWN_REASONS).map((reason) => `  ${reason}`),
    ...(more > 0 ? [`  and ${more} more reasons`] : []),
  ].join('\n');
}

/** All that was found, as one line of JSON. */
export function verificationJson({ ref, target, isVerified, signatures }: VerifyResult): string {
  const document = {
    image: familiarName(ref),
    digest: target.digest,
    verified: isVerified,
    signatures: signatures.map(({ form, digest, verdict }) => {
      const { status } = verdict;
      if (status !== 'valid') return { form, digest, status, reason: verdict.reason };
      return { form, digest, status, key: verdict.key, ...verdict.claims };
    }),
  };
  return `${JSON.stringify(document)}\n`;
}

function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_VALUE_CHARACTERS ? `${text.slice(0, SHOWN_VALUE_CHARACTERS)}…` : text;
}
