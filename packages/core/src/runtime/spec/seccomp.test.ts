import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from './capabilities.ts';
import type { SpecSeccomp } from './runtime-spec.ts';
import { parseSeccompProfile, seccompFilter } from './seccomp.ts';

const DEFAULT = {
  capabilities: DEFAULT_CAPABILITIES,
  architecture: 'amd64',
  kernelRelease: '6.1.0-28-amd64',
};

function allowed(filter: SpecSeccomp | undefined): Set<string> {
  const rules = filter?.syscalls.filter((rule) => rule.action === 'SCMP_ACT_ALLOW') ?? [];
  return new Set(rules.flatMap((rule) => rule.names));
}

describe('the default filter', () => {
  const names = allowed(seccompFilter(undefined, DEFAULT));

  test.each([
    ...['read', 'write', 'openat', 'execve', 'clone', 'fork', 'socket', 'ptrace', 'chroot', 'arch_prctl'],
    ...['personality', 'mknod', 'getrandom', 'futex_waitv', 'rseq', 'statx', 'copy_file_range'],
  ])('allows %s', (name) => {
    expect(names).toContain(name);
  });

  test.each([
    ...['mount', 'umount2', 'unshare', 'setns', 'pivot_root', 'swapon', 'reboot', 'bpf', 'keyctl', 'add_key'],
    ...['request_key', 'kexec_load', 'init_module', 'settimeofday', 'io_uring_setup', 'userfaultfd'],
    ...['perf_event_open', 'open_by_handle_at', 'clone3', 'syslog', 'acct', 'iopl', 'move_pages', 'mbind'],
  ])('refuses %s', (name) => {
    expect(names).not.toContain(name);
  });

  test('refuses with EPERM, clone3 with ENOSYS', () => {
    const filter = seccompFilter(undefined, DEFAULT);
    expect(filter).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 });
    expect(filter?.architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    const clone3 = filter?.syscalls.find((rule) => rule.names.includes('clone3'));
    expect(clone3).toMatchObject({ action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  });

  test('names no call twice in one rule', () => {
    for (const rule of seccompFilter(undefined, DEFAULT)?.syscalls ?? [])
      expect(new Set(rule.names).size).toBe(rule.names.length);
  });

  test('opens with capabilities', () => {
    const open = allowed(seccompFilter(undefined, { ...DEFAULT, capabilities: ALL_CAPABILITIES }));
    for (const name of ['mount', 'unshare', 'clone3', 'reboot', 'bpf', 'settimeofday', 'syslog', 'mbind'])
      expect(open).toContain(name);
    expect(open).not.toContain('io_uring_setup');
  });

  test('keeps tracing from old kernels', () => {
    expect(allowed(seccompFilter(undefined, { ...DEFAULT, kernelRelease: '4.4.0' }))).not.toContain('ptrace');
    expect(allowed(seccompFilter(undefined, { ...DEFAULT, kernelRelease: '4.10.0' }))).toContain('ptrace');
  });

  test('knows the processor', () => {
    const arm = seccompFilter(undefined, { ...DEFAULT, architecture: 'arm64' });
    expect(allowed(arm)).toContain('cacheflush');
    expect(allowed(arm)).not.toContain('arch_prctl');
    expect(arm?.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    const s390 = seccompFilter(undefined, { ...DEFAULT, architecture: 's390x' });
    expect(s390?.syscalls.find((rule) => rule.names.includes('clone'))?.args?.[0]?.index).toBe(1);
  });
});

/** The profile of podman and its like, which began as Docker's. */
const PEER = '/usr/share/containers/seccomp.json';

describe.skipIf(!existsSync(PEER))('beside podman’s profile', () => {
  // Opened there for containers in containers, or never known to the kernels that Docker's list is for.
  const openedByPeer = [
    ...['clone3', 'fsconfig', 'fsmount', 'fsopen', 'fspick', 'mount', 'mount_setattr', 'move_mount'],
    ...['open_tree', 'pivot_root', 'setns', 'umount', 'umount2', 'unshare', 'keyctl', 'pidfd_getfd'],
    ...['get_mempolicy', 'mbind', 'set_mempolicy', 'reboot', 'syslog', 'readdir', 'sigaction', 'signal'],
    ...['sigpending', 'sigsuspend', 'syscall', 'timerfd'],
  ];

  test('the default allows no less, but for what is opened there on purpose', () => {
    const ours = allowed(seccompFilter(undefined, DEFAULT));
    const theirs = allowed(seccompFilter(readFileSync(PEER, 'utf8'), DEFAULT));
    const missing = [...theirs].filter((name) => !ours.has(name) && !name.startsWith('io_uring_'));
    expect(missing.filter((name) => !openedByPeer.includes(name))).toEqual([]);
  });
});

describe('a profile of one’s own', () => {
  test('is none when unconfined', () => {
    expect(seccompFilter('unconfined', DEFAULT)).toBeUndefined();
  });

  test('is read in Docker’s format, old spellings too', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { name: 'chmod', action: 'SCMP_ACT_ERRNO', args: null },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_CHOWN'] } },
      ],
    });
    expect(seccompFilter(text, DEFAULT)).toEqual({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO' }],
    });
  });

  test.each([
    { name: 'no JSON', text: '{' },
    { name: 'no object', text: '[]' },
    { name: 'no action', text: '{"syscalls":[]}' },
    { name: 'a rule without names', text: '{"defaultAction":"a","syscalls":[{"action":"b"}]}' },
    { name: 'odd names', text: '{"defaultAction":"a","syscalls":[{"action":"b","names":[1]}]}' },
    {
      name: 'odd conditions',
      text: '{"defaultAction":"a","syscalls":[{"action":"b","names":["c"],"includes":{"caps":3}}]}',
    },
    { name: 'two lists of processors', text: '{"defaultAction":"a","architectures":["x"],"archMap":[]}' },
  ])('is refused with $name', ({ text }) => {
    expect(() => parseSeccompProfile(text)).toThrow('Decoding seccomp profile failed');
  });
});
