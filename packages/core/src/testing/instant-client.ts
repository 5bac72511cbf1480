import { insecureHosts } from '../config/daemon-config.ts';
import { createRegistryClient } from '../registry/client.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { UndiciTransport } from '../registry/undici-transport.ts';
import { instantClock } from './registry-client-suite.ts';

/** A client without configuration and credentials that tries again at once. Close it with `await using`. */
export function instantClient(): RegistryClient & AsyncDisposable {
  const client = createRegistryClient({
    transport: new UndiciTransport(),
    config: {
      rules: [],
      dockerMirrors: [],
      isInsecure: insecureHosts([]),
      credentials: { get: async () => undefined },
    },
    clock: instantClock().clock,
    random: () => 0.5,
  });
  return { ...client, [Symbol.asyncDispose]: () => client.close() };
}
