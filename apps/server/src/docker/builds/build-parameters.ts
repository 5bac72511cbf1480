import {
  type BuildContext,
  type BuildLimits,
  type BuildRequest,
  type ByteSource,
  isWherryError,
  parseReference,
  type Reference,
  type ResourceLimits,
  WherryError,
  withDefaultTag,
} from '@wherry/core';
import { ApiError } from '../api-error.ts';
import { Fields, ifSet, someOf } from '../wire/fields.ts';
import { securityOf } from '../wire/host-config.ts';
import { ulimitOf } from '../wire/host-limits.ts';
import type { JsonObject } from '../wire/json-body.ts';
import { jsonParameter, textList, textMap } from '../wire/json-parameter.ts';
import { readPlatform } from '../wire/platform.ts';
import type { Query } from '../wire/query.ts';

const BUILDKIT = '2';
/** moby, `urlutil`: what its builder takes for a repository. */
const GIT_URL = /^(?:git:\/\/|ssh:\/\/|git@|github\.com\/)|^https?:\/\/[^#]*\.git(?:#.*)?$/i;
const HTTP_URL = /^https?:\/\//i;

/** Reads what `POST /build` asks for; `body` is the context. Throws `ApiError`, `UNSUPPORTED`, `INVALID_PLATFORM`. */
export function buildParameters(query: Query, body: ByteSource): BuildRequest {
  refuseImpossible(query);
  const [dockerfile, target] = [query.text('dockerfile'), query.text('target')];
  const platform = readPlatform(query.text('platform'));
  const limits = limitsOf(query);
  return {
    context: contextOf(query.text('remote'), body),
    ...(dockerfile && { dockerfile: { kind: 'file' as const, path: dockerfile } }),
    ...someOf('tags', query.all('t').filter(Boolean).map(tagOf)),
    buildArgs: textMap(query.text('buildargs'), 'error reading build args'),
    labels: textMap(query.text('labels'), 'error reading labels') as Readonly<Record<string, string>>,
    ...(target && { target }),
    ...(platform && { platforms: [platform] }),
    ...ifSet('noCache', query.flag('nocache')),
    ...ifSet('pull', query.flag('pull')),
    ...ifSet('squash', query.flag('squash')),
    ...someOf('cacheFrom', cachesOf(query)),
    ...networkOf(query.text('networkmode')),
    ...someOf('extraHosts', query.all('extrahosts').filter(Boolean)),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

/** `rm=false` is what libraries send unasked: it keeps the containers of steps, which there are none of. */
function refuseImpossible(query: Query): void {
  if (query.text('version') === BUILDKIT || query.has('session') || query.has('outputs'))
    throw unsupported(
      "BuildKit's own protocol is not supported: set DOCKER_BUILDKIT=0, or build with: wherry build",
    );
  const isolation = query.text('isolation');
  if (isolation !== '' && isolation !== 'default')
    throw new ApiError(
      400,
      `Invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`,
    );
}

function contextOf(remote: string, body: ByteSource): BuildContext {
  if (remote === '') return { kind: 'stream', source: body };
  if (GIT_URL.test(remote)) return { kind: 'git', url: remote };
  if (HTTP_URL.test(remote)) return { kind: 'url', url: remote };
  throw new ApiError(400, `remoteURL is not a URL of an archive, a Dockerfile or a repository: ${remote}`);
}

function tagOf(text: string): Reference {
  try {
    const ref = withDefaultTag(parseReference(text));
    if (ref.digest === undefined) return ref;
  } catch (error) {
    if (isWherryError(error, 'INVALID_REFERENCE')) throw new ApiError(500, error.message);
    throw error;
  }
  throw new ApiError(500, 'build tag cannot contain a digest');
}

function cachesOf(query: Query) {
  return textList(query.text('cachefrom'), 'error reading cache-from').map((name) => {
    try {
      return { kind: 'registry' as const, ref: withDefaultTag(parseReference(name)) };
    } catch (error) {
      if (isWherryError(error, 'INVALID_REFERENCE')) throw new ApiError(400, error.message);
      throw error;
    }
  });
}

/** As for a container, what a bridge would be for is the host's. */
function networkOf(mode: string): Pick<BuildRequest, 'network'> {
  if (mode === '' || mode === 'default' || mode === 'bridge') return {};
  if (mode === 'host' || mode === 'none') return { network: mode };
  throw unsupported(`network ${mode} is not offered: use --network host, or --network none`);
}

function limitsOf(query: Query): BuildLimits {
  const resources = resourcesOf(query);
  const ulimits = jsonParameter(query.text('ulimits'), 'error reading ulimit settings');
  const shmSizeBytes = query.integer('shmsize');
  const cgroupParent = query.text('cgroupparent');
  return {
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(shmSizeBytes && { shmSizeBytes }),
    ...(cgroupParent && { cgroupParent }),
    ...someOf('ulimits', new Fields({ ulimits } as JsonObject).objects('ulimits').map(ulimitOf)),
    ...securityOf(securityTexts(query)),
  };
}

/** Docker's client sends the list as JSON. */
function securityTexts(query: Query): readonly string[] {
  const text = query.text('securityopt');
  return text.startsWith('[') ? textList(text, 'error reading security options') : query.all('securityopt');
}

function resourcesOf(query: Query): ResourceLimits {
  const numbers = {
    memory: 'memoryBytes',
    memswap: 'memorySwapBytes',
    cpushares: 'cpuShares',
    cpuperiod: 'cpuPeriod',
    cpuquota: 'cpuQuota',
  } as const;
  const [cpusetCpus, cpusetMems] = [query.text('cpusetcpus'), query.text('cpusetmems')];
  const given = Object.entries(numbers).flatMap(([name, field]) => {
    const number = query.integer(name) ?? 0;
    return number === 0 ? [] : [[field, number] as const];
  });
  return {
    ...(Object.fromEntries(given) as ResourceLimits),
    ...(cpusetCpus && { cpusetCpus }),
    ...(cpusetMems && { cpusetMems }),
  };
}

function unsupported(message: string): WherryError {
  return new WherryError('UNSUPPORTED', message);
}
