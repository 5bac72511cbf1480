import type { Sandbox } from '../wherry.ts';
import type { Client } from './client.ts';

/** wherry itself, with a store and credentials of its own; it pushes what lies in a layout. */
export function wherryClient(sandbox: Sandbox, layout: string): Client {
  const env = { WHERRY_ROOT: sandbox.directory('client'), DOCKER_CONFIG: sandbox.directory('client-config') };
  const wherry = (...args: string[]) => sandbox.tryWith({ env }, ...args);
  return {
    name: 'wherry',
    login: (address, user, password) => wherry('login', '-u', user, '-p', password, address),
    logout: (address) => wherry('logout', address),
    push: (reference) => wherry('copy', '-q', `oci:${layout}`, reference),
    pull: (reference) => wherry('pull', '-q', reference),
    tags: (repository) => wherry('tags', repository),
    delete: (reference) => wherry('rmi', '--remote', reference),
    search: (address, term) => wherry('search', '--format', '{{.Name}}', `${address}/${term}`),
  };
}
