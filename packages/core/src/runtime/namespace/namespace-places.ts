import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { detectOwnership } from '../../rootfs/privileges.ts';

/** In a store's root: what is kept of its user namespace, and what the runtime keeps of the containers in it. */
export function namespaceDirectory(root: string): string {
  return join(root, 'namespace');
}

/** Where the runtime keeps what it knows of the containers in the namespace. */
export function namespaceRuntimeDirectory(root: string): string {
  return join(namespaceDirectory(root), 'runtime');
}

/** Tells whether containers of the store live in a user namespace, and we do not. */
export function isOutsideNamespace(root: string): boolean {
  return detectOwnership() === 'user' && existsSync(namespaceDirectory(root));
}
