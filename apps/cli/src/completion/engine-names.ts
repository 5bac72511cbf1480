import {
  type Engine,
  type EngineOptions,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
} from '@wherry/core';
import type { NameSources } from './answer.ts';

/** How long a registry may take: someone is waiting at the keyboard. */
const REGISTRY_TIMEOUT_MS = 2000;
/** More than anyone looks through. */
const MAX_TAGS = 1000;
const HUB = 'docker.io';

export interface EngineNamesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The global flags of the command line. */
  readonly globals: ReadonlyMap<string, string>;
  openEngine(options: EngineOptions): Engine;
  /** Absent: two seconds. */
  readonly registryTimeoutMs?: number;
}

/** Names from the store and from registries. */
export function engineNames(options: EngineNamesOptions): NameSources {
  const names = async (nameOf: (ref: Reference) => string | undefined) => {
    const found = (await ask(options, (engine) => engine.names())).map(nameOf);
    return [...new Set(found.filter((name) => name !== undefined))];
  };
  return {
    images: () => names((ref) => (ref.tag === undefined ? undefined : familiarName(ref))),
    repositories: () => names(familiarRepository),
    registries: () => names(({ domain }) => (domain === HUB ? undefined : domain)),
    containers: (activity) => ask(options, (engine) => engine.containers.names(activity)),
    tags: (repository) =>
      ask(options, (engine) =>
        remoteTags(engine, repository, options.registryTimeoutMs ?? REGISTRY_TIMEOUT_MS),
      ),
  };
}

async function ask<T>(
  { env, globals, openEngine }: EngineNamesOptions,
  question: (engine: Engine) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const [root, config] = [globals.get('root'), globals.get('config')];
  try {
    const engine = openEngine({
      env,
      credentialHelpers: false,
      ...(root && { root }),
      ...(config && (config.endsWith('.toml') ? { configFile: config } : { dockerConfigDir: config })),
    });
    const answer = await question(engine);
    await engine.close();
    return answer;
  } catch {
    // In the middle of a line there is no place for a message: whatever has failed, there are no names.
    return [];
  }
}

async function remoteTags(engine: Engine, repository: string, timeoutMs: number): Promise<string[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  // Looking a host's name up heeds no signal.
  const late = new Promise<[]>((resolve) => signal.addEventListener('abort', () => resolve([])));
  const request = { repository: parseReference(repository), limit: MAX_TAGS };
  const tags = await Promise.race([engine.tags(request, { signal }), late]);
  return tags.map(({ tag }) => tag);
}
