import { join } from 'node:path';
import type { RecordedRegistries } from '@wherry/core/testing/golden';
import type { GoldenCase } from './cases.ts';
import type { Sandbox } from './sandbox.ts';

/** Logs in as the recording was before the case. */
export function writeCredentials(
  recorded: GoldenCase,
  sandbox: Sandbox,
  registries: RecordedRegistries,
): void {
  const { configBefore, env, name, setup = '' } = recorded;
  const [, host] = /^logged in to (\S+)/.exec(setup) ?? [];
  if (env?.DOCKER_CONFIG !== undefined)
    sandbox.writeFile(join(sandbox.otherConfig, 'config.json'), registries.credentials('127.0.0.1:5056'));
  else if (host !== undefined) sandbox.writeFile(sandbox.dockerConfig, registries.credentials(host));
  else if (name === 'wrong-stored-password')
    sandbox.writeFile(sandbox.dockerConfig, registries.credentials('127.0.0.1:5056', 'nope'));
  if (configBefore !== undefined) sandbox.writeFile(sandbox.dockerConfig, configBefore);
}
