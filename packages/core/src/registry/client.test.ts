import { insecureHosts } from '../config/daemon-config.ts';
import { registryChangesSuite } from '../testing/registry-changes-suite.ts';
import { registryClientSuite, type SuiteClientOptions } from '../testing/registry-client-suite.ts';
import { createRegistryClient } from './client.ts';
import { UndiciTransport } from './undici-transport.ts';

const overUndici = ({ rules, dockerMirrors, credentials, clock, onWarning }: SuiteClientOptions) =>
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
  });

registryClientSuite('registry client over undici', overUndici);
registryChangesSuite('registry client over undici, changing', overUndici);
