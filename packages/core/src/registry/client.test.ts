import { insecureHosts } from '../config/daemon-config.ts';
import { registryClientSuite } from '../testing/registry-client-suite.ts';
import { createRegistryClient } from './client.ts';
import { UndiciTransport } from './undici-transport.ts';

registryClientSuite(
  'registry client over undici',
  ({ rules, dockerMirrors, credentials, clock, onWarning }) =>
    createRegistryClient({
      transport: new UndiciTransport(),
      config: {
        rules,
        dockerMirrors,
        isInsecure: insecureHosts([]),
        credentials: { get: async (domain) => credentials[domain] },
      },
      clock,
      random: () => 0.5,
      onWarning,
    }),
);
