import { type Engine, isWherryError } from '@wherry/core';
import type { Outcome, PreparedCase } from './outcome.ts';
import { secretFile } from './write-context.ts';

/** Builds with an engine in this process. */
export async function ourBuild(engine: Engine, { each, context, name }: PreparedCase): Promise<Outcome> {
  const { buildArgs, labels, secrets = {}, target } = each;
  try {
    await engine.build({
      context: { kind: 'directory', path: context },
      tags: [{ domain: 'docker.io', path: `library/${name}`, tag: 'ours' }],
      network: 'none',
      secrets: Object.keys(secrets).map((id) => ({
        id,
        from: { kind: 'file', path: secretFile(context, id) },
      })),
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
