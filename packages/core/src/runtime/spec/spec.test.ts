import { describe, expect, test } from 'vitest';
import type { ContainerOptions } from '../container-options.ts';
import { blockIo } from './block-io.ts';
import {
  ALL_CAPABILITIES,
  capabilitiesOfMask,
  containerCapabilities,
  DEFAULT_CAPABILITIES,
} from './capabilities.ts';
import { deviceRule } from './devices.ts';
import type { HostFacts } from './host-facts.ts';
import { networkFileTexts } from './network-files.ts';
import { containerCommand } from './process-spec.ts';
import { cgroupResources } from './resources.ts';
import { parseSecurityOptions } from './security-options.ts';
import { MASKED_PATHS, READONLY_PATHS, runtimeSpec, type SpecRequest } from './spec.ts';

const ID = '12385471343a42bed3eb31dbdd7a4e5b4296e0349022bf397432a3458d523aab';
const HOST: HostFacts = {
  architecture: 'amd64',
  kernelRelease: '6.1.0',
  hostname: 'machine',
  cgroupVersion: 1,
  canUseCgroups: true,
  canMountCgroups: true,
  hasSwapLimit: true,
  isUserNamespace: false,
  userCount: 2 ** 32,
  groupCount: 2 ** 32,
  capabilities: ALL_CAPABILITIES,
};

function request(options: ContainerOptions = {}, changes: Partial<SpecRequest> = {}): SpecRequest {
  return {
    id: ID,
    image: { Cmd: ['bash'], Env: ['PATH=/bin', 'A=image'] },
    options,
    rootfs: '/r',
    user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' },
    devices: { devices: [], rules: [{ allow: false, access: 'rwm' }] },
    files: { hosts: '/f/hosts', resolvConf: '/f/resolv.conf', hostname: '/f/hostname' },
    host: HOST,
    ...changes,
  };
}

const spec = (options?: ContainerOptions, changes?: Partial<SpecRequest>) =>
  runtimeSpec(request(options, changes));
const mountAt = (target: string, options?: ContainerOptions, changes?: Partial<SpecRequest>) =>
  spec(options, changes).mounts.find((mount) => mount.destination === target);
const namespacesOf = (options?: ContainerOptions, changes?: Partial<SpecRequest>) =>
  spec(options, changes).linux.namespaces.map(({ type }) => type);

describe('defaults', () => {
  test('are Docker’s', () => {
    const { linux, process, root, hostname } = spec();
    expect(root).toEqual({ path: '/r', readonly: false });
    expect(hostname).toBe('12385471343a');
    expect(process).toEqual({
      terminal: false,
      user: { uid: 0, gid: 0, additionalGids: [0] },
      args: ['bash'],
      env: ['PATH=/bin', 'HOSTNAME=12385471343a', 'A=image', 'HOME=/root'],
      cwd: '/',
      capabilities: {
        bounding: DEFAULT_CAPABILITIES,
        effective: DEFAULT_CAPABILITIES,
        permitted: DEFAULT_CAPABILITIES,
      },
      noNewPrivileges: false,
      oomScoreAdj: 0,
    });
    expect(linux).toMatchObject({
      cgroupsPath: `/wherry/${ID}`,
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
      seccomp: { defaultAction: 'SCMP_ACT_ERRNO' },
    });
    expect(namespacesOf()).toEqual(['mount', 'network', 'uts', 'pid', 'ipc']);
  });

  test('mount what Docker mounts', () => {
    expect(
      spec().mounts.map((mount) => `${mount.destination} ${mount.type} ${mount.options.join()}`),
    ).toEqual([
      '/proc proc nosuid,noexec,nodev',
      '/dev tmpfs nosuid,strictatime,mode=755,size=65536k',
      '/dev/pts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5',
      '/sys sysfs nosuid,noexec,nodev,ro',
      '/sys/fs/cgroup cgroup ro,nosuid,noexec,nodev',
      '/dev/mqueue mqueue nosuid,noexec,nodev',
      '/dev/shm tmpfs nosuid,noexec,nodev,mode=1777,size=67108864',
      '/etc/resolv.conf bind rbind,rprivate',
      '/etc/hostname bind rbind,rprivate',
      '/etc/hosts bind rbind,rprivate',
    ]);
  });

  test('have a cgroup namespace with version 2 only', () => {
    expect(namespacesOf({}, { host: { ...HOST, cgroupVersion: 2 } })).toContain('cgroup');
  });
});

describe('options', () => {
  test('make a privileged container', () => {
    const { linux, process } = spec({ privileged: true });
    expect(process.capabilities.effective).toEqual(ALL_CAPABILITIES);
    expect(linux).not.toHaveProperty('seccomp');
    expect(linux).not.toHaveProperty('maskedPaths');
    expect(mountAt('/sys', { privileged: true })?.options).toContain('rw');
  });

  test('share namespaces of the host', () => {
    expect(namespacesOf({ network: 'host', pid: 'host', ipc: 'host', uts: 'host' })).toEqual(['mount']);
    const { hostname, process } = spec({ network: 'host' });
    expect(hostname).toBe('machine');
    expect(process.env).toContain('HOSTNAME=machine');
    expect(spec({ uts: 'host' })).not.toHaveProperty('hostname');
  });

  test('put an init before the command', () => {
    const { process, mounts } = spec({ init: true, command: ['ls', '-l'] }, { initPath: '/usr/bin/tini' });
    expect(process.args).toEqual(['/sbin/docker-init', '--', 'ls', '-l']);
    expect(mounts).toContainEqual(expect.objectContaining({ source: '/usr/bin/tini' }));
  });

  test('give a terminal a TERM and a size', () => {
    const { process } = spec({ tty: true, consoleSize: { rows: 40, columns: 120 } });
    expect(process).toMatchObject({ terminal: true, consoleSize: { height: 40, width: 120 } });
    expect(process.env).toContain('TERM=xterm');
  });

  test('change the environment', () => {
    const { process } = spec({ env: ['A', 'B=two words', 'HOME=/h', 'E='] });
    expect(process.env).toEqual(['PATH=/bin', 'HOSTNAME=12385471343a', 'B=two words', 'HOME=/h', 'E=']);
  });

  test('leave others than root the bounding set alone', () => {
    const user = { uid: 5, gid: 6, additionalGids: [6], home: '/' };
    expect(spec({}, { user }).process.capabilities).toEqual({ bounding: DEFAULT_CAPABILITIES });
  });

  test('mount parents before children, instead of what stands there', () => {
    const mounts = spec({
      mounts: [
        { type: 'bind', source: '/s', target: '/a/b/c', readOnly: true },
        { type: 'tmpfs', target: '/a', options: ['size=1m', 'exec'] },
        { type: 'volume', source: '/h', target: '/etc/hosts' },
      ],
    }).mounts;
    const isAsked = ({ source }: { source: string }) => !source.startsWith('/f/');
    expect(mounts.filter(isAsked).slice(-3)).toEqual([
      { destination: '/a', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'size=1m', 'exec'] },
      { destination: '/etc/hosts', type: 'bind', source: '/h', options: ['rbind', 'rprivate'] },
      { destination: '/a/b/c', type: 'bind', source: '/s', options: ['rbind', 'rprivate', 'ro'] },
    ]);
    expect(mounts.filter((mount) => mount.destination === '/etc/hosts')).toHaveLength(1);
  });

  test('lie under the container’s own files, and a whole /dev stands for what is in it', () => {
    const targets = spec({
      mounts: ['/etc', '/dev'].map((target) => ({ type: 'bind', source: `/s${target}`, target })),
    }).mounts.map(({ destination }) => destination);
    expect(targets.filter((target) => target.startsWith('/dev'))).toEqual(['/dev']);
    expect(targets.slice(-4)).toEqual(['/dev', '/etc/resolv.conf', '/etc/hostname', '/etc/hosts']);
    expect(targets.indexOf('/etc')).toBeLessThan(targets.indexOf('/etc/hosts'));
  });

  test.each([
    {
      target: 'mnt',
      message: `invalid mount config for type "bind": invalid mount path: 'mnt' mount path must be absolute`,
    },
    { target: '//', message: `invalid specification: destination can't be '/'` },
  ])('refuse the mount target $target', ({ target, message }) => {
    expect(() => spec({ mounts: [{ type: 'bind', source: '/s', target }] })).toThrow(message);
  });

  test('refuse a relative working directory', () => {
    expect(() => spec({ workingDir: 'rel' })).toThrow(
      "the working directory 'rel' is invalid, it needs to be an absolute path",
    );
  });
});

describe('in a user namespace', () => {
  const host = {
    ...HOST,
    isUserNamespace: true,
    canUseCgroups: false,
    canMountCgroups: false,
    userCount: 1,
    groupCount: 1,
  };

  test('there are no cgroups, no groups, and the host’s /sys with the host’s network', () => {
    const { linux, process } = spec({}, { host });
    expect(linux).not.toHaveProperty('resources');
    expect(linux).not.toHaveProperty('cgroupsPath');
    expect(process.user).toEqual({ uid: 0, gid: 0 });
    expect(mountAt('/dev/pts', {}, { host })?.options).not.toContain('gid=5');
    expect(mountAt('/sys/fs/cgroup', {}, { host })).toBeUndefined();
    expect(mountAt('/sys', { network: 'host' }, { host })).toMatchObject({ type: 'none', source: '/sys' });
    expect(mountAt('/sys', {}, { host })).toMatchObject({ type: 'sysfs' });
    expect(mountAt('/proc', { pid: 'host' }, { host })).toMatchObject({ type: 'none', source: '/proc' });
    expect(mountAt('/proc', {}, { host })).toMatchObject({ type: 'proc' });
  });

  test('there are no limits, and only the users that are mapped', () => {
    expect(() => spec({ resources: { memoryBytes: 64 << 20 } }, { host })).toThrow('need control groups');
    const user = { uid: 65534, gid: 0, additionalGids: [], home: '/' };
    expect(() => spec({}, { host, user })).toThrow('user 65534:0 does not exist in this user namespace');
    const more = { ...host, userCount: 65537, groupCount: 65537 };
    expect(spec({}, { host: more, user }).process.user).toEqual({ uid: 65534, gid: 0 });
    expect(mountAt('/dev/pts', {}, { host: more })?.options).toContain('gid=5');
  });
});

describe('containerCommand', () => {
  const image = { Entrypoint: ['/entry'], Cmd: ['cmd'] };
  test.each([
    { name: 'the image alone', options: {}, argv: ['/entry', 'cmd'] },
    { name: 'a command', options: { command: ['x', 'y'] }, argv: ['/entry', 'x', 'y'] },
    { name: 'an entry point', options: { entrypoint: ['/e'] }, argv: ['/e'] },
    { name: 'both', options: { entrypoint: ['/e'], command: ['x'] }, argv: ['/e', 'x'] },
    { name: 'an empty entry point', options: { entrypoint: [''], command: ['x'] }, argv: ['x'] },
  ])('takes $name', ({ options, argv }) => {
    expect(containerCommand(image, options).argv).toEqual(argv);
  });

  test('refuses nothing', () => {
    expect(() => containerCommand(image, { entrypoint: [''] })).toThrow('no command specified');
    expect(() => containerCommand({}, {})).toThrow('no command specified');
  });
});

describe('containerCapabilities', () => {
  test.each([
    { name: 'nothing', request: {}, mask: '00000000a80425fb' },
    { name: 'one dropped', request: { capDrop: ['cap_chown'] }, mask: '00000000a80425fa' },
    { name: 'all dropped', request: { capDrop: ['ALL'] }, mask: '0' },
    { name: 'all but one dropped', request: { capDrop: ['all'], capAdd: ['net_admin'] }, mask: '1000' },
    { name: 'all', request: { capAdd: ['ALL'] }, mask: '1ffffffffff' },
    { name: 'all added but one', request: { capAdd: ['ALL'], capDrop: ['CHOWN'] }, mask: '1fffffffffe' },
  ])('gives for $name', ({ request: asked, mask }) => {
    expect([...containerCapabilities(asked)].sort()).toEqual([...capabilitiesOfMask(mask)].sort());
  });

  test('refuses names that do not exist, or not here', () => {
    expect(() => containerCapabilities({ capAdd: ['FLY'] })).toThrow(
      'invalid capability: unknown capability: "CAP_FLY"',
    );
    expect(() => containerCapabilities({ capAdd: ['BPF'] }, DEFAULT_CAPABILITIES)).toThrow(
      'not supported by your kernel',
    );
  });
});

describe('cgroupResources', () => {
  const host = { hasSwapLimit: true, canUseCgroups: true };

  test('sets what is asked for', () => {
    const limits = { memoryBytes: 64 << 20, nanoCpus: 1.5e9, pidsLimit: 10, cpusetCpus: '0' };
    expect(cgroupResources(limits, host)).toEqual({
      memory: { limit: 64 << 20, swap: 128 << 20 },
      cpu: { quota: 150_000, period: 100_000, cpus: '0' },
      pids: { limit: 10 },
    });
    expect(cgroupResources(limits, { ...host, hasSwapLimit: false }).memory).toEqual({ limit: 64 << 20 });
    expect(cgroupResources({}, host)).toEqual({});
  });

  test.each([
    { limits: { memoryBytes: 1 << 20 }, message: 'Minimum memory limit allowed is 6MB' },
    { limits: { memoryBytes: 64 << 20, memorySwapBytes: 1 }, message: 'should be larger than memory limit' },
    { limits: { memorySwapBytes: 1 }, message: 'You should always set the Memory limit' },
    { limits: { memorySwappiness: 101 }, message: 'valid memory swappiness range is 0-100' },
    { limits: { memoryReservationBytes: 1 }, message: 'Minimum memory reservation allowed is 6MB' },
    { limits: { cpuPeriod: 1_000_001 }, message: 'CPU cfs period can not be less than 1ms' },
    { limits: { nanoCpus: 1, cpuQuota: 1 }, message: 'Nano CPUs and CPU Quota cannot both be set' },
  ])('refuses: $message', ({ limits, message }) => {
    expect(() => cgroupResources(limits, host)).toThrow(message);
  });
});

describe('cgroupResources without control groups', () => {
  const host = { hasSwapLimit: true, canUseCgroups: false };

  test.each([
    { limits: { memoryBytes: 64 << 20 }, what: 'memory' },
    { limits: { nanoCpus: 1e9, pidsLimit: 10 }, what: 'cpu, pids' },
  ])('refuses limits of $what', ({ limits, what }) => {
    expect(() => cgroupResources(limits, host)).toThrow(`limits of ${what} need control groups`);
  });

  test.each([{}, { pidsLimit: -1 }, { pidsLimit: 0 }])('has nothing against %o', (limits) => {
    expect(() => cgroupResources(limits, host)).not.toThrow();
  });
});

describe('options', () => {
  test('name cgroup, annotations, domain and devices', () => {
    const blockIo = { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 5 }] };
    const { annotations, linux } = spec(
      {
        annotations: { a: 'b' },
        cgroupParent: 'x//y/',
        domainname: 'd',
        resources: { cpuRealtimePeriod: 7 },
      },
      { blockIo },
    );
    expect(annotations).toEqual({ a: 'b' });
    expect(linux.cgroupsPath).toBe(`/x/y/${ID}`);
    expect(linux.sysctl).toMatchObject({ 'kernel.domainname': 'd' });
    expect(linux.resources).toMatchObject({ blockIO: blockIo, cpu: { realtimePeriod: 7 } });
    expect(spec({ domainname: 'd', uts: 'host' }).linux.sysctl).not.toHaveProperty('kernel.domainname');
    for (const cgroupParent of ['/', '../a', 'a/./b'])
      expect(() => spec({ cgroupParent })).toThrow(`invalid cgroup parent: ${cgroupParent}`);
  });

  test('allow devices by rules', () => {
    expect(deviceRule('c 1:* rw')).toEqual({ allow: true, type: 'c', major: 1, access: 'rw' });
    expect(() => deviceRule('d 1:1 r')).toThrow("invalid device cgroup format 'd 1:1 r'");
  });

  test('limit devices that there are', async () => {
    await expect(blockIo({ blkioReadBps: [{ path: '/dev/null', value: 1 }] })).rejects.toThrow(
      '/dev/null is not a block device',
    );
    expect(await blockIo({ blkioWeight: 20 })).toEqual({ weight: 20 });
    expect(await blockIo({})).toBeUndefined();
  });
});

describe('networkFileTexts', () => {
  test('knows loopback, and more hosts', () => {
    const { hosts, hostname } = networkFileTexts({ extraHosts: ['db:10.0.0.5', 'v6:[::2]'] }, 'me', {});
    expect(hosts.split('\n')[0]).toBe('127.0.0.1\tlocalhost');
    expect(hosts).toMatch(/\n10\.0\.0\.5\tdb\n::2\tv6\n$/);
    expect(hostname).toBe('me\n');
  });

  test('takes the host’s on its network', () => {
    const host = { hosts: '1.2.3.4 x', resolvConf: 'nameserver 1.1.1.1' };
    expect(networkFileTexts({ network: 'host' }, 'me', host)).toMatchObject({
      hosts: '1.2.3.4 x\n',
      resolvConf: 'nameserver 1.1.1.1\n',
    });
  });

  test('writes name servers of one’s own', () => {
    const host = { resolvConf: 'nameserver 1.1.1.1\nsearch a b\noptions ndots:2\n' };
    expect(networkFileTexts({ dns: ['9.9.9.9'], dnsSearch: ['.'] }, 'me', host).resolvConf).toBe(
      'nameserver 9.9.9.9\noptions ndots:2\n',
    );
  });

  test.each(['db', ':1.1.1.1', 'db:host-gateway'])('refuses the host %s', (text) => {
    expect(() => networkFileTexts({ extraHosts: [text] }, 'me', {})).toThrow('add-host');
  });
});

describe('parseSecurityOptions', () => {
  test('reads Docker’s spellings', () => {
    expect(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined', 'label:disable'])).toEqual({
      noNewPrivileges: true,
      seccomp: 'unconfined',
    });
    expect(parseSecurityOptions(['no-new-privileges:false', 'apparmor=unconfined'])).toEqual({
      noNewPrivileges: false,
    });
  });

  test.each([
    { text: 'nosuch', message: 'invalid --security-opt 1: "nosuch"' },
    { text: 'a=b', message: 'invalid --security-opt 2: "a=b"' },
    { text: 'apparmor=mine', message: 'AppArmor is not available in wherry' },
    { text: 'label=type:x', message: 'SELinux is not available in wherry' },
  ])('refuses $text', ({ text, message }) => {
    expect(() => parseSecurityOptions([text])).toThrow(message);
  });
});
