import { type Sandbox, tryRun } from '../wherry.ts';
import type { Client } from './client.ts';

const PLAIN = '--tls-verify=false';

/** skopeo, which pushes what lies in a layout. */
export function skopeoClient(sandbox: Sandbox, layout: string): Client {
  const env = { ...sandbox.environment, REGISTRY_AUTH_FILE: sandbox.file('auth.json') };
  const skopeo = (...args: string[]) => tryRun({ env }, 'skopeo', ...args);
  return {
    name: 'skopeo',
    login: (address, user, password) => skopeo('login', PLAIN, '-u', user, '-p', password, address),
    logout: (address) => skopeo('logout', address),
    push: (reference) =>
      skopeo('copy', '--dest-tls-verify=false', `oci:${layout}:latest`, `docker://${reference}`),
    pull: (reference) =>
      skopeo('copy', '--src-tls-verify=false', `docker://${reference}`, `dir:${sandbox.directory('pulled')}`),
    tags: (repository) => skopeo('list-tags', PLAIN, `docker://${repository}`),
    delete: (reference) => skopeo('delete', PLAIN, `docker://${reference}`),
  };
}
