import { readFile } from 'node:fs/promises';
import type { ContainerOptions } from '@wherry/core';
import { CommandError, fileError } from '../../errors.ts';

/** The values of `--security-opt`. Throws `CommandError`. */
export async function securityOf(texts: readonly string[]): Promise<ContainerOptions['security']> {
  let security: ContainerOptions['security'];
  for (const text of texts) {
    const [, name = '', value] = /^([^=:]+)(?:[=:](.*))?$/s.exec(text) ?? [];
    if (name === 'no-new-privileges' && (value === undefined || value === 'true' || value === 'false'))
      security = { ...security, noNewPrivileges: value !== 'false' };
    else if (name === 'seccomp' && value) security = { ...security, seccomp: await seccompOf(value) };
    else throw new CommandError(`invalid --security-opt: ${JSON.stringify(text)}`);
  }
  return security;
}

async function seccompOf(value: string): Promise<string> {
  if (value === 'unconfined') return value;
  try {
    return await readFile(value, 'utf8');
  } catch (error) {
    throw fileError(error, 'opening seccomp profile', value);
  }
}
