import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ContainerOptions } from '@wherry/core';
import { CommandError, fileError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { badValue, pairsOf, someOf } from '../flag-value.ts';

/** Of the kernel's settings, those that a container has of its own. docker/cli, `opts.ValidateSysctl`. */
const SYSCTLS = new Set([
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem', 'kernel.shmall', 'kernel.shmmax'],
  ...['kernel.shmmni', 'kernel.shm_rmid_forced'],
]);

/** How the container finds others: `--add-host` and the flags of DNS. Throws `CommandError` in Docker's words. */
export function nameFlags(flags: Flags): ContainerOptions {
  const dns = flags.list('dns');
  for (const address of dns)
    if (isIP(address) === 0)
      throw badValue(address, '--dns', `IP address is not correctly formatted: ${address}`);
  return {
    ...someOf('extraHosts', flags.list('add-host')),
    ...someOf('dns', dns),
    ...someOf('dnsOptions', [...flags.list('dns-option'), ...flags.list('dns-opt')]),
    ...someOf('dnsSearch', flags.list('dns-search')),
  };
}

/** `--sysctl` and `--annotation`. Throws `CommandError` in Docker's words. */
export function settingFlags(flags: Flags): ContainerOptions {
  const [sysctls, annotations] = [flags.list('sysctl'), flags.list('annotation')];
  for (const text of sysctls)
    if (!isOwnSysctl(text)) throw badValue(text, '--sysctl', `sysctl '${text}' is not allowed`);
  for (const text of annotations)
    if (!/^[^=]+=/s.test(text))
      throw badValue(text, '--annotation', `${text} must be formatted as key=value`);
  return {
    ...(sysctls.length > 0 && { sysctls: pairsOf(sysctls) }),
    ...(annotations.length > 0 && { annotations: pairsOf(annotations) }),
  };
}

function isOwnSysctl(text: string): boolean {
  const name = /^([^=]+)=/.exec(text)?.[1] ?? '';
  return SYSCTLS.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.');
}

/** `--label-file`, then `--label`. Throws `CommandError` in Docker's words. */
export async function labelFlags(flags: Flags): Promise<Readonly<Record<string, string>>> {
  const texts: string[] = [];
  for (const path of flags.list('label-file')) texts.push(...labelLines(path, await textOf(path)));
  return pairsOf([...texts, ...flags.list('label')]);
}

function labelLines(path: string, text: string): string[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/^\s+|\r$/g, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) {
    const name = line.split('=', 1)[0] ?? '';
    if (name === '') throw new CommandError(`invalid label file (${path}): no label name on line '${line}'`);
    if (/\s/.test(name))
      throw new CommandError(`invalid label file (${path}): label '${name}' contains whitespaces`);
  }
  return lines;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, 'open', path);
  }
}
