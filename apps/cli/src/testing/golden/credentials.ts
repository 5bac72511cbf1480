import { join } from 'node:path';
import { DOCKER_CONFIG, type GoldenCase } from './cases.ts';
import type { RecordedRegistries } from './registries.ts';
import type { Sandbox } from './sandbox.ts';

/** Logs in as the recording was before the case. */
export function writeCredentials(
  recorded: GoldenCase,
  before: GoldenCase | undefined,
  sandbox: Sandbox,
  registries: RecordedRegistries,
): void {
  const { env, file, name, setup = '' } = recorded;
  const [, host] = /^logged in to (\S+)/.exec(setup) ?? [];
  if (env?.DOCKER_CONFIG !== undefined)
    sandbox.writeFile(join(sandbox.otherConfig, 'config.json'), registries.credentials('127.0.0.1:5056'));
  else if (host !== undefined) sandbox.writeFile(sandbox.dockerConfig, registries.credentials(host));
  else if (name === 'wrong-stored-password')
    sandbox.writeFile(sandbox.dockerConfig, registries.credentials('127.0.0.1:5056', 'nope'));
  const config = file === 'login' ? configBefore(recorded, before) : undefined;
  if (config !== undefined) sandbox.writeFile(sandbox.dockerConfig, config);
}

/** Docker's file before a login: what a failure left as it was, else what the run before it left. */
function configBefore(
  { argv, exit, effects, setup = '' }: GoldenCase,
  before: GoldenCase | undefined,
): string | undefined {
  const [after, earlier] = [
    effects?.[DOCKER_CONFIG] ?? undefined,
    before?.effects?.[DOCKER_CONFIG] ?? undefined,
  ];
  if (after === undefined || setup.startsWith('nothing stored')) return undefined;
  if (exit !== 0 || earlier === undefined) return exit === 0 ? undefined : after;
  if (argv[0] !== 'login') return earlier;
  // Not every run is listed: one between the two may have logged out of the others.
  const kept = new Set(Object.keys(JSON.parse(after).auths));
  const auths = Object.entries(JSON.parse(earlier).auths).filter(([key]) => kept.has(key));
  return JSON.stringify({ auths: Object.fromEntries(auths) }, undefined, '\t');
}
