import { existsSync } from 'node:fs';
import { runWith, type Sandbox, tryRun } from '../wherry.ts';
import type { Client } from './client.ts';

/** Where a distribution's client is, which is of one age with its daemon; another may come before it on the path. */
const PROGRAM = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
const PUSHED = 'pushed:1';

/** Gives a daemon the image that its clients push; `tar` is its only layer. */
export async function fillDocker(daemon: string, tar: Uint8Array): Promise<void> {
  await runWith({ input: tar }, PROGRAM, '-H', daemon, 'import', '-', PUSHED);
}

/** Docker's client and the daemon, or what stands for one, at an address as `docker -H` takes it. */
export function dockerClient(sandbox: Sandbox, name: string, daemon: string): Client {
  const env = { ...sandbox.environment, DOCKER_CONFIG: sandbox.directory('docker'), DOCKER_HOST: daemon };
  const docker = (...args: string[]) => tryRun({ env }, PROGRAM, ...args);
  return {
    name,
    login: (address, user, password) => docker('login', '-u', user, '-p', password, address),
    logout: (address) => docker('logout', address),
    push: async (reference) => {
      const tagged = await docker('tag', PUSHED, reference);
      return tagged.status === 0 ? docker('push', reference) : tagged;
    },
    pull: (reference) => docker('pull', reference),
    search: (address, term) => docker('search', '--format', '{{.Name}}', `${address}/${term}`),
  };
}
