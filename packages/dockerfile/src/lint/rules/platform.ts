import type { Dockerfile, LintWarning } from '../../instruction.ts';
import { quote } from '../../quote.ts';
import { defineRule, finding } from '../rule.ts';
import { tryExpand } from '../scope.ts';
import { namesIn } from './from.ts';

export const redundantTargetPlatform = defineRule(
  'RedundantTargetPlatform',
  'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
);
export const fromPlatformFlagConstDisallowed = defineRule(
  'FromPlatformFlagConstDisallowed',
  'FROM --platform flag should not use a constant value',
);

const TARGET_PLATFORM = 'TARGETPLATFORM';
const ARCHITECTURE_ALIASES: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
]);

export function checkRedundantPlatform(dockerfile: Dockerfile): LintWarning[] {
  return dockerfile.stages.flatMap(({ from: { platform, location } }) => {
    if (platform === undefined || !isTargetPlatformAlone(platform, dockerfile)) return [];
    const reason = 'in FROM is redundant as this is the default behavior';
    const message = `Setting platform to predefined ${platform} ${reason}`;
    return [finding(redundantTargetPlatform, message, location)];
  });
}

/** Whether the word is that variable and nothing more, in whatever notation. */
function isTargetPlatformAlone(word: string, dockerfile: Dockerfile): boolean {
  const names = namesIn(word, dockerfile);
  if (names.length !== 1 || names[0] !== TARGET_PLATFORM) return false;
  const probe = 'os/architecture';
  return tryExpand(word, new Map([[TARGET_PLATFORM, probe]]), dockerfile) === probe;
}

/** A stage that has the system or the architecture in its name is meant for it. */
export function checkConstantPlatform(dockerfile: Dockerfile): LintWarning[] {
  return dockerfile.stages.flatMap(({ from: { platform, stageName = '', location } }) => {
    if (platform === undefined || namesIn(platform, dockerfile).length > 0) return [];
    const value = tryExpand(platform, new Map(), dockerfile);
    const parts = value.toLowerCase().split('/').slice(0, 2);
    if (parts.some((part) => stageName.includes(ARCHITECTURE_ALIASES.get(part) ?? part))) return [];
    const message = `FROM --platform flag should not use constant value ${quote(value)}`;
    return [finding(fromPlatformFlagConstDisallowed, message, location)];
  });
}
