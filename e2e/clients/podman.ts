import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWith, type Sandbox, tryRun } from '../wherry.ts';
import type { Client } from './client.ts';

const PUSHED = 'localhost/pushed:1';
const PLAIN = '--tls-verify=false';

/** podman with an image to push; `tar` is its only layer. */
export async function podmanClient(sandbox: Sandbox, tar: Uint8Array): Promise<Client> {
  const storage = sandbox.directory('podman');
  const { DOCKER_CONFIG: _, ...machine } = sandbox.environment;
  const env = { ...machine, REGISTRY_AUTH_FILE: sandbox.file('auth.json') };
  // It refuses to pull with a file that is not there.
  writeFileSync(env.REGISTRY_AUTH_FILE, '{}');
  const places = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  const flags = [...places, '--storage-driver', 'vfs'];
  await runWith({ env, input: tar }, 'podman', ...flags, 'import', '-q', '-', PUSHED);
  const podman = (...args: string[]) => tryRun({ env }, 'podman', ...flags, ...args);
  return {
    name: 'podman',
    login: (address, user, password) => podman('login', PLAIN, '-u', user, '-p', password, address),
    logout: (address) => podman('logout', address),
    push: (reference) => podman('push', PLAIN, PUSHED, reference),
    pull: (reference) => podman('pull', PLAIN, reference),
    tags: (repository) => podman('search', PLAIN, '--list-tags', repository),
    search: (address, term) => podman('search', PLAIN, `${address}/${term}`),
  };
}
