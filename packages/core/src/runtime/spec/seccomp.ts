import { WherryError } from '../../errors.ts';
import type { SpecSeccomp } from './runtime-spec.ts';
import {
  defaultSeccompProfile,
  type SeccompCondition,
  type SeccompProfile,
  type SeccompRule,
} from './seccomp-profile.ts';

/** What the rules of a profile ask about. */
export interface SeccompContext {
  readonly capabilities: readonly string[];
  /** As Go names it, such as `amd64`. */
  readonly architecture: string;
  /** Such as `6.1.0-28-amd64`. */
  readonly kernelRelease: string;
}

const MAIN_ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  s390x: 'SCMP_ARCH_S390X',
  riscv64: 'SCMP_ARCH_RISCV64',
  '386': 'SCMP_ARCH_X86',
  arm: 'SCMP_ARCH_ARM',
  ppc64le: 'SCMP_ARCH_PPC64LE',
};

/** Far above any real profile: Docker's own has 60 rules. */
const MAX_RULES = 10_000;

/**
 * The filter for one container: the rules of `profile` whose conditions hold. `profile` is the text of a file
 * in Docker's format, or absent for Docker's default. `'unconfined'` means none. Throws `INVALID_ARGUMENT`.
 */
export function seccompFilter(profile: string | undefined, context: SeccompContext): SpecSeccomp | undefined {
  if (profile === 'unconfined') return undefined;
  const read = profile === undefined ? defaultSeccompProfile() : parseSeccompProfile(profile);
  const architectures = architecturesOf(read, context.architecture);
  return {
    defaultAction: read.defaultAction,
    ...(read.defaultErrnoRet !== undefined && { defaultErrnoRet: read.defaultErrnoRet }),
    ...(architectures && { architectures }),
    syscalls: read.syscalls.filter((rule) => applies(rule, context)).map(specRule),
  };
}

/** Reads a profile's text. Throws `INVALID_ARGUMENT` with Docker's words. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalidProfile(cause.message, cause);
  }
  if (!isObject(value) || typeof value.defaultAction !== 'string') throw invalidProfile('no defaultAction');
  const syscalls = value.syscalls ?? [];
  if (!Array.isArray(syscalls) || syscalls.length > MAX_RULES) throw invalidProfile('syscalls is no list');
  syscalls.forEach(checkRule);
  // Docker refuses a profile that says it twice.
  if (value.architectures && value.archMap)
    throw invalidProfile('both architectures and archMap are specified');
  return { ...(value as unknown as SeccompProfile), syscalls };
}

function checkRule(rule: unknown, index: number): void {
  const at = `syscalls[${index}]`;
  if (!isObject(rule) || typeof rule.action !== 'string') throw invalidProfile(`${at} has no action`);
  const names = rule.names ?? (typeof rule.name === 'string' ? [rule.name] : undefined);
  if (!isStrings(names)) throw invalidProfile(`${at} has no names`);
  if (rule.args != null && !Array.isArray(rule.args)) throw invalidProfile(`${at}.args is no list`);
  for (const key of ['includes', 'excludes'] as const) {
    const condition = rule[key];
    if (condition == null) continue;
    if (!isObject(condition)) throw invalidProfile(`${at}.${key} is no object`);
    for (const list of [condition.caps, condition.arches])
      if (list != null && !isStrings(list)) throw invalidProfile(`${at}.${key} is no list of names`);
  }
}

function applies(rule: SeccompRule, context: SeccompContext): boolean {
  const { includes, excludes } = rule;
  if (includes?.arches?.length && !includes.arches.includes(context.architecture)) return false;
  if (includes?.caps?.some((capability) => !context.capabilities.includes(capability))) return false;
  if (includes?.minKernel && !isKernelAtLeast(context.kernelRelease, includes.minKernel)) return false;
  return !(excludes && isExcluded(excludes, context));
}

function isExcluded(condition: SeccompCondition, context: SeccompContext): boolean {
  if (condition.arches?.includes(context.architecture)) return true;
  if (condition.caps?.some((capability) => context.capabilities.includes(capability))) return true;
  return Boolean(condition.minKernel && isKernelAtLeast(context.kernelRelease, condition.minKernel));
}

function isKernelAtLeast(release: string, minimum: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [wantMajor = 0, wantMinor = 0] = minimum.split('.').map(Number);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

function specRule(rule: SeccompRule) {
  return {
    names: rule.names ?? (rule.name === undefined ? [] : [rule.name]),
    action: rule.action,
    ...(rule.errnoRet != null && { errnoRet: rule.errnoRet }),
    ...(rule.args?.length && { args: rule.args }),
  };
}

function architecturesOf(profile: SeccompProfile, architecture: string): readonly string[] | undefined {
  if (profile.architectures) return profile.architectures;
  const main = MAIN_ARCHITECTURES[architecture];
  const entry = profile.archMap?.find((each) => each.architecture === main);
  return entry && [entry.architecture, ...(entry.subArchitectures ?? [])];
}

function invalidProfile(fault: string, cause?: unknown): WherryError {
  return new WherryError('INVALID_ARGUMENT', `Decoding seccomp profile failed: ${fault}`, { cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
