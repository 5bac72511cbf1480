import { isIP } from 'node:net';
import { WherryError } from '../../errors.ts';
import type { ContainerOptions } from '../container-options.ts';

/** The texts of the files that every container has of its own. */
export interface NetworkFileTexts {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
}

/** What the host has in the places of these files; absent where it has none. */
export interface HostNetworkFiles {
  readonly hosts?: string;
  readonly resolvConf?: string;
}

const LOOPBACK_HOSTS: readonly (readonly [string, string])[] = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost ip6-localhost ip6-loopback'],
  ['fe00::0', 'ip6-localnet'],
  ['ff00::0', 'ip6-mcastprefix'],
  ['ff02::1', 'ip6-allnodes'],
  ['ff02::2', 'ip6-allrouters'],
];

/**
 * Makes a container's `/etc/hosts`, `/etc/resolv.conf` and `/etc/hostname`: on the host's network they say
 * what the host's say, otherwise they know the container and loopback. Throws `INVALID_ARGUMENT` for an extra
 * host in another form than `name:address`.
 */
export function networkFileTexts(
  options: ContainerOptions,
  hostname: string,
  host: HostNetworkFiles,
): NetworkFileTexts {
  const fqdn = options.domainname ? `${hostname}.${options.domainname}` : hostname;
  return {
    hosts: hostsText(options, host),
    resolvConf: resolvConfText(options, host.resolvConf ?? ''),
    hostname: `${fqdn}\n`,
  };
}

function hostsText(options: ContainerOptions, host: HostNetworkFiles): string {
  const base =
    options.network === 'host' && host.hosts !== undefined
      ? withNewline(host.hosts)
      : LOOPBACK_HOSTS.map(([address, names]) => `${address}\t${names}\n`).join('');
  return base + (options.extraHosts ?? []).map(extraHostLine).join('');
}

function extraHostLine(text: string): string {
  const at = text.search(/[:=]/);
  const [name, address] = [text.slice(0, at), text.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
  if (at < 1) throw new WherryError('INVALID_ARGUMENT', `bad format for add-host: "${text}"`);
  if (isIP(address) === 0)
    throw new WherryError('INVALID_ARGUMENT', `invalid IP address in add-host: "${address}"`);
  return `${address}\t${name}\n`;
}

function resolvConfText(options: ContainerOptions, hostText: string): string {
  const { dns, dnsSearch, dnsOptions } = options;
  if (!dns?.length && !dnsSearch?.length && !dnsOptions?.length) return withNewline(hostText);
  const line = (keyword: string, own: readonly string[] | undefined) =>
    own?.length ? own : valuesOf(hostText, keyword);
  const search = line('search', dnsSearch).filter((domain) => domain !== '.');
  const settings = line('options', dnsOptions);
  return [
    ...line('nameserver', dns).map((address) => `nameserver ${address}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(settings.length > 0 ? [`options ${settings.join(' ')}`] : []),
    '',
  ].join('\n');
}

function valuesOf(text: string, keyword: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [first, ...values] = line.trim().split(/\s+/);
    return first === keyword ? values : [];
  });
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
