import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOptions, tryRun } from '../wherry.ts';
import type { BuildCase, DockerBuilder } from './case.ts';
import type { Outcome, PreparedCase } from './outcome.ts';
import { asText, secretFile } from './write-context.ts';

/** Debian's client, which has what BuildKit asks of a client in it, where a newer one is in front of it. */
export const DOCKER = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

const REFERENCE = 'Dockerfile.reference';

/** Later clients leave BuildKit to a plug-in, and the daemon of 20.10 has a BuildKit. */
export function hasBuildKit(): boolean {
  const { stdout } = spawnSync(DOCKER, ['--version'], { encoding: 'utf8' });
  return Number(/version (\d+)/.exec(stdout)?.[1] ?? 99) < 23;
}

/** Builds with the daemon at an address. */
export async function dockerBuild(
  address: string,
  builder: DockerBuilder,
  { each, context, name }: PreparedCase,
  { env }: Pick<RunOptions, 'env'>,
): Promise<Outcome> {
  const isBuildKit = builder === 'buildkit';
  const argv = ['-H', address, 'build', '--network', 'none', '-t', `${name}:${builder}`];
  const options = { env: { ...env, DOCKER_BUILDKIT: isBuildKit ? '1' : '0' } };
  const more = caseArguments(each, context);
  const { status, stderr } = await tryRun(options, DOCKER, ...argv, ...more, context);
  const error = stderr.replace(/^Error response from daemon: /, '').trim();
  // BuildKit's client tells how it goes on the same stream.
  return { status: status ?? -1, error: isBuildKit && status === 0 ? '' : error };
}

function caseArguments(each: BuildCase, context: string): string[] {
  const { buildArgs = {}, labels = {}, secrets = {}, target, reference } = each;
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  const argv = [...pairs('--build-arg', buildArgs), ...pairs('--label', labels)];
  for (const id of Object.keys(secrets)) argv.push('--secret', `id=${id},src=${secretFile(context, id)}`);
  if (target !== undefined) argv.push('--target', target);
  if (reference) {
    const path = join(context, REFERENCE);
    writeFileSync(path, asText(reference));
    argv.push('-f', path);
  }
  return argv;
}
