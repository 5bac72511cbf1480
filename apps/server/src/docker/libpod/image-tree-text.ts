import { type Digest, humanSize, shortId } from '@wherry/core';
import type { EngineBackend } from '../backend.ts';
import { bareId, fullName } from './full-names.ts';

type Backend = Pick<EngineBackend, 'history' | 'images' | 'inspect'>;

/** What `podman image tree` prints: an image's layers, lowest first, and of which images each is the topmost. */
export async function imageTreeText(backend: Backend, name: string): Promise<string> {
  const { Id, RepoTags, Size } = await backend.inspect(name);
  const layers = (await backend.history(Id))
    .toReversed()
    .flatMap(({ layer, size }) => (layer === undefined ? [] : [{ layer, size }]));
  const tops = await namesByStack(backend);
  const lines = layers.map(({ layer, size }, i) => {
    const names = tops.get(stackOf(layers.slice(0, i + 1).map((each) => each.layer))) ?? [];
    const top = names.length === 0 ? '' : ` Top Layer of: [${names.join(' ')}]`;
    const branch = i === layers.length - 1 ? '└──' : '├──';
    return `${branch} ID: ${shortId(layer)} Size: ${humanSize(size).padStart(7)}${top}`;
  });
  return [
    `Image ID: ${bareId(Id).slice(0, 12)}`,
    `Tags:     [${RepoTags.map(fullName).join(' ')}]`,
    `Size:     ${humanSize(Number(Size))}`,
    lines.length === 0 ? 'No Image Layers' : 'Image Layers',
    ...lines,
    '',
  ].join('\n');
}

/** The names of all images, by the layers that they consist of. */
async function namesByStack(backend: Backend): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>();
  for (const { id, repoTags } of await backend.images()) {
    if (repoTags.length === 0) continue;
    const layers = (await backend.history(id)).flatMap(({ layer }) => layer ?? []);
    const stack = stackOf(layers.toReversed());
    names.set(stack, [...(names.get(stack) ?? []), ...repoTags.map(fullName)]);
  }
  return names;
}

function stackOf(layers: readonly Digest[]): string {
  return layers.join(' ');
}
