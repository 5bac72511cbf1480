import { WherryError } from '../../errors.ts';
import type { SecurityOptions } from '../container-options.ts';

/**
 * Reads the values of `--security-opt`. The value of `seccomp=` is the profile's text, which the caller has
 * read from the file that was named, or `unconfined`. AppArmor and SELinux are not driven from here: what asks
 * for them throws `UNSUPPORTED`, what turns them off holds anyway. Throws `INVALID_ARGUMENT` in Docker's words.
 */
export function parseSecurityOptions(values: readonly string[]): SecurityOptions {
  const options: { noNewPrivileges?: boolean; seccomp?: string } = {};
  for (const text of values) {
    if (text === 'no-new-privileges') {
      options.noNewPrivileges = true;
      continue;
    }
    const [key, value] = splitOption(text);
    if (key === 'no-new-privileges') options.noNewPrivileges = booleanOf(value, text);
    else if (key === 'seccomp') options.seccomp = value;
    else if (key === 'apparmor' || key === 'label') refuseUnlessOff(key, value);
    else throw new WherryError('INVALID_ARGUMENT', `invalid --security-opt 2: "${text}"`);
  }
  return options;
}

function splitOption(text: string): [string, string] {
  // The colon is the spelling of old releases.
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  if (at < 0) throw new WherryError('INVALID_ARGUMENT', `invalid --security-opt 1: "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function booleanOf(value: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new WherryError('INVALID_ARGUMENT', `invalid --security-opt 2: "${text}"`);
}

function refuseUnlessOff(key: string, value: string): void {
  const isOff = key === 'apparmor' ? value === 'unconfined' : value === 'disable';
  if (isOff) return;
  const system = key === 'apparmor' ? 'AppArmor' : 'SELinux';
  throw new WherryError(
    'UNSUPPORTED',
    `--security-opt ${key}=${value}: ${system} is not available in wherry`,
  );
}
