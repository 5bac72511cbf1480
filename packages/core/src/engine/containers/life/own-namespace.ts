import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isWherryError } from '../../../errors.ts';
import { detectOwnership } from '../../../rootfs/privileges.ts';
import { UserNamespace } from '../../../runtime/namespace/user-namespace.ts';
import { storeRoot } from '../../store/default-root.ts';

export interface EnterNamespaceRequest {
  /** Of the store; absent: as the environment says. */
  readonly root?: string;
  readonly env: NodeJS.ProcessEnv;
  /** The command line to go on as, program first: our own. */
  readonly command: readonly string[];
  /**
   * `'needed'`: to start something. `'useful'`: to look after containers and unpacked layers, where there are any;
   * without a namespace the command does what it can. `'wanted'`: it may come to start something, or may not.
   */
  readonly need: 'needed' | 'useful' | 'wanted';
}

const STAYS: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined };

/**
 * Has an ordinary user's command run where the store's containers live, a user namespace: this process becomes
 * `command` there, and comes here again. To be called before anything else is done; returns when we are where we
 * should be, with what is to be disposed at the end. Root of the machine needs none of it. Throws `UNSUPPORTED` in
 * one line where the system does not allow it.
 */
export async function enterNamespace(request: EnterNamespaceRequest): Promise<AsyncDisposable> {
  if (process.platform !== 'linux') return STAYS;
  const root = storeRoot(request.root, request.env);
  const namespace = new UserNamespace(root);
  if (namespace.isInside) {
    await namespace.keep();
    return { [Symbol.asyncDispose]: () => namespace.leave() };
  }
  if (detectOwnership() !== 'user') return STAYS;
  const isUseful = ['snapshots', 'containers'].some((name) => existsSync(join(root, name)));
  if (request.need === 'useful' && !isUseful) return STAYS;
  try {
    return await namespace.enter(request.command, request.env);
  } catch (error) {
    if (request.need !== 'needed' && isWherryError(error, 'UNSUPPORTED')) return STAYS;
    throw error;
  }
}
