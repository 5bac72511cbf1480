import { type Engine, isWherryError } from '@wherry/core';
import type { Sandbox } from '../wherry.ts';
import { caseArguments } from './docker-builds.ts';
import type { Outcome, PreparedCase } from './outcome.ts';
import { secretFile } from './write-context.ts';

/** Builds with an engine in this process, which saves many starts of the program. */
export async function ourBuild(engine: Engine, { each, context, name }: PreparedCase): Promise<Outcome> {
  const { buildArgs, labels, secrets = {}, target } = each;
  const files = Object.keys(secrets).map((id) => ({
    id,
    from: { kind: 'file' as const, path: secretFile(context, id) },
  }));
  try {
    await engine.build({
      context: { kind: 'directory', path: context },
      tags: [{ domain: 'docker.io', path: `library/${name}`, tag: 'ours' }],
      network: 'none',
      secrets: files,
      ...(buildArgs && { buildArgs }),
      ...(labels && { labels }),
      ...(target !== undefined && { target }),
    });
    return { status: 0, error: '' };
  } catch (error) {
    if (!isWherryError(error)) return { status: 1, error: String(error) };
    const { exitCode } = error.details as { readonly exitCode?: number };
    return { status: error.code === 'BUILD_FAILED' ? (exitCode ?? 1) : 1, error: error.message };
  }
}

/** Builds as a user does: exit code and message are the program's. */
export async function programBuild(
  sandbox: Sandbox,
  root: string,
  { each, context, name }: PreparedCase,
): Promise<Outcome> {
  const argv = ['build', '--network', 'none', '-t', `${name}:ours`, ...caseArguments(each, context)];
  const { status, stderr } = await sandbox.try('--root', root, ...argv, context);
  return { status: status ?? -1, error: stderr.replace(/^Error: /, '').trim() };
}
