import { WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { familiarName, type Reference, withDefaultTag } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { copyImage } from './copy.ts';
import type { CopySource } from './remote/copy-ends.ts';
import { registrySource, registryTarget } from './remote/registry-end.ts';

export interface TagRemoteRequest {
  readonly source: Reference;
  /** In the same registry; in another repository of it, blobs are mounted there. */
  readonly target: Reference;
}

export interface TagRemoteDeps {
  readonly registry: RegistryClient;
  readonly jobs: number;
}

/**
 * Gives what a name in a registry points at one more tag there; no blob is sent or fetched. Throws
 * `INVALID_ARGUMENT` for a target with a digest or in another registry, `UNSUPPORTED` when the registry does not
 * mount, the registry's codes.
 */
export async function tagRemote(
  deps: TagRemoteDeps,
  request: TagRemoteRequest,
  options: VerbOptions = {},
): Promise<Descriptor> {
  const [from, to] = [withDefaultTag(request.source), withDefaultTag(request.target)];
  if (to.digest !== undefined)
    throw new WherryError('INVALID_ARGUMENT', 'refusing to create a tag with a digest reference');
  const copying = `wherry copy ${familiarName(from)} ${familiarName(to)}`;
  if (from.domain !== to.domain)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `${familiarName(to)} is in another registry than ${familiarName(from)}`,
      {
        hint: `copy the image there: ${copying}`,
      },
    );
  const signal = options.signal ?? new AbortController().signal;
  const { registry, jobs } = deps;
  const source: CopySource = {
    ...registrySource(registry, from, signal),
    // A mirror may not know yet where the tag points now.
    root: () => registry.origin.getManifest(from, signal),
    // biome-ignore lint/correctness/useYield: it is asked for bytes only where there is to be a mount
    async *blob({ digest }) {
      throw new WherryError('UNSUPPORTED', `${from.domain} does not mount blob ${digest} from ${from.path}`, {
        hint: `send the blobs again: ${copying}`,
      });
    },
  };
  const target = registryTarget(registry, to, signal);
  const emit = options.onProgress ?? (() => undefined);
  return await copyImage({ source, target, jobs, emit, signal }, {});
}
