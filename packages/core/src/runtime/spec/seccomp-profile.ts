/**
 * A filter of system calls in the format of Docker's `--security-opt seccomp=FILE`: rules that hold only with
 * or without capabilities, on some architectures, or from some kernel on.
 */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly syscalls: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names?: readonly string[];
  /** An older spelling of `names` with one. */
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArg[] | null;
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

export interface SeccompArg {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

export interface SeccompCondition {
  readonly caps?: readonly string[];
  /** Names as Go has them. */
  readonly arches?: readonly string[];
  /** Such as `4.8`. */
  readonly minKernel?: string;
}

const ALLOW = 'SCMP_ACT_ALLOW';
const ERRNO = 'SCMP_ACT_ERRNO';
const EPERM = 1;
const ENOSYS = 38;

/** Address family of sockets to the hypervisor, which know no namespaces. */
const AF_VSOCK = 40;

/** The `CLONE_NEW…` flags: a new namespace of any kind. */
const NAMESPACE_FLAGS = 0x7e020000;

/** Ways of `personality` that change no more than what `uname` says, and the question for the present one. */
const HARMLESS_PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Calls that reach only what the process itself owns, or that check their rights by themselves. */
const ALWAYS_ALLOWED = {
  files: `access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat
    faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl
    fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
    fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat ioctl lchown
    lchown32 lgetxattr link linkat listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat
    lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64
    preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr removexattrat
    rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64
    statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime
    utimensat utimensat_time64 utimes vmsplice write writev cachestat`,
  events: `epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
    epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
    io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit _newselect poll
    ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4`,
  memory: `brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap
    mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
    remap_file_pages`,
  network: `accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
    recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`,
  messages: `ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
    mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64
    shmat shmctl shmdt shmget`,
  processes: `capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait
    futex_waitv futex_wake getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32
    getpgid getpgrp getpid getppid getpriority getresgid getresgid32 getresuid getresuid32 getrlimit
    get_robust_list getrusage getsid get_thread_area gettid getuid getuid32 ioprio_get ioprio_set kill
    landlock_add_rule landlock_create_ruleset landlock_restrict_self pause pidfd_open pidfd_send_signal prctl
    prlimit64 process_mrelease restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity
    sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
    sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield seccomp setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
    setgroups32 setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid
    setreuid32 setrlimit set_robust_list setsid set_thread_area set_tid_address setuid setuid32 sigaltstack
    sigprocmask sigreturn tgkill tkill ugetrlimit vfork wait4 waitid waitpid`,
  time: `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
    clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time
    timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
    timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times`,
  system: 'getrandom sysinfo uname uretprobe',
};

/** Calls that one capability opens. */
const ALLOWED_WITH = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN: `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open
    quotactl quotactl_fd setdomainname sethostname setns statmount syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
};

/** Calls that only some processors have. */
const ALLOWED_ON: readonly { readonly arches: readonly string[]; readonly names: string }[] = [
  { arches: ['ppc64le'], names: 'swapcontext sync_file_range2' },
  {
    arches: ['arm', 'arm64'],
    names: 'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2',
  },
  { arches: ['amd64', 'x32'], names: 'arch_prctl' },
  { arches: ['amd64', 'x32', 'x86'], names: 'modify_ldt' },
  { arches: ['s390', 's390x'], names: 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr' },
  { arches: ['riscv64'], names: 'riscv_flush_icache' },
];

let known: SeccompProfile | undefined;

/**
 * Docker's default profile, of the releases that refuse `io_uring` (25.0 on) and `AF_VSOCK`. It is made when a container
 * first starts: most commands that load this start none.
 */
export function defaultSeccompProfile(): SeccompProfile {
  known ??= makeDefaultProfile();
  return known;
}

function makeDefaultProfile(): SeccompProfile {
  return {
    defaultAction: ERRNO,
    defaultErrnoRet: EPERM,
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_S390X', subArchitectures: ['SCMP_ARCH_S390'] },
      { architecture: 'SCMP_ARCH_RISCV64' },
    ],
    syscalls: [
      { names: Object.values(ALWAYS_ALLOWED).flatMap(words), action: ALLOW },
      // Before 4.8 a traced process could change a call behind the filter's back.
      {
        names: ['process_vm_readv', 'process_vm_writev', 'ptrace'],
        action: ALLOW,
        includes: { minKernel: '4.8' },
      },
      { names: ['socket'], action: ALLOW, args: [{ index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }] },
      ...HARMLESS_PERSONALITIES.map((value) => ({
        names: ['personality'],
        action: ALLOW,
        args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
      })),
      ...ALLOWED_ON.map(({ arches, names }) => ({
        names: words(names),
        action: ALLOW,
        includes: { arches },
      })),
      ...Object.entries(ALLOWED_WITH).map(([capability, names]) => ({
        names: words(names),
        action: ALLOW,
        includes: { caps: [capability] },
      })),
      ...cloneWithoutNamespaces(),
    ],
  };
}

/** New processes and threads, but no new namespaces, for who is not the system's administrator. */
function cloneWithoutNamespaces(): SeccompRule[] {
  const s390 = ['s390', 's390x'];
  const caps = ['CAP_SYS_ADMIN'];
  const clone = (index: number) => ({
    names: ['clone'],
    action: ALLOW,
    args: [{ index, value: NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  });
  return [
    { ...clone(0), excludes: { caps, arches: s390 } },
    // There the flags are the second argument.
    { ...clone(1), includes: { arches: s390 }, excludes: { caps } },
    // Its flags lie in memory, out of a filter's sight; the answer makes the C library use `clone`.
    { names: ['clone3'], action: ERRNO, errnoRet: ENOSYS, excludes: { caps } },
  ];
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
