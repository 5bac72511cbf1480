import { readFileSync } from 'node:fs';
import { isErrno, WherryError } from '../errors.ts';

/** What this process may make of a layer. */
export type Ownership =
  /** Root of the machine: all of it. */
  | 'root'
  /** Root of a user namespace: owners that are mapped, no devices; overlay's marks as `user.` attributes. */
  | 'namespace'
  /** Anyone else: everything belongs to this user, no devices. */
  | 'user';

/** Throws `UNSUPPORTED` where there is no Linux, which all of this needs. */
export function assertLinux(): void {
  if (process.platform !== 'linux')
    throw new WherryError('UNSUPPORTED', 'root file systems for containers need Linux');
}

/** Reads what this process is. Linux user_namespaces(7), "User and group ID mappings". */
export function detectOwnership(): Ownership {
  if (process.geteuid?.() !== 0) return 'user';
  return isInitialUserNamespace() ? 'root' : 'namespace';
}

/** What overlay's own extended attributes begin with: `mount -o userxattr` reads the second kind. */
export function overlayXattrPrefix(ownership: Ownership): 'trusted.overlay.' | 'user.overlay.' {
  return ownership === 'root' ? 'trusted.overlay.' : 'user.overlay.';
}

/**
 * Extended attributes that no archive brings and none takes away: overlay's marks are made from whiteouts, and
 * labels and access lists of SELinux and NFS are this machine's.
 */
export function isForeignXattr(key: string): boolean {
  return (
    key.startsWith('trusted.overlay.') ||
    key.startsWith('user.overlay.') ||
    key === 'security.selinux' ||
    key === 'system.nfs4_acl'
  );
}

function isInitialUserNamespace(): boolean {
  try {
    // The initial one maps all IDs to themselves.
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch (error) {
    // A kernel without user namespaces.
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
}
