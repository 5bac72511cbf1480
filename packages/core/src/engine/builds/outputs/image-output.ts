import type { ImageFacts, ImageName } from '../../../metadata/metadata-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Reference } from '../../../reference.ts';
import { platformSatisfies } from '../../store/image-facts.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import { type ImageForm, imageForm, indexForm } from './image-form.ts';

/**
 * Gives the result its names. One image that nobody asked a form for stays as its layers lie in the store, until its
 * first push; an index names its manifests by digest, so these get their lasting form at once. Returns what the names
 * point to.
 */
export async function nameResult(
  context: ResultContext,
  images: readonly [BuiltImage, ...BuiltImage[]],
  names: readonly Reference[],
): Promise<Descriptor> {
  const [only, ...others] = images;
  const { compression, annotations = [] } = context.request;
  const isPlain = others.length === 0 && compression === undefined && annotations.length === 0;
  if (isPlain)
    return recordNames(context, { facts: only.facts, target: only.facts.manifest, forms: [] }, names);
  const packing = others.length > 0 ? (compression ?? 'gzip') : compression;
  const forms: ImageForm[] = [];
  for (const image of images) forms.push(await imageForm(context, image, packing));
  if (others.length > 0) {
    const { descriptor } = await indexForm(context, forms);
    const { host } = context.deps;
    const chosen = images.find(({ platform }) => platformSatisfies(host, platform)) ?? only;
    const index = { descriptor, children: forms.map(({ manifest }) => manifest.descriptor.digest) };
    return recordNames(context, { facts: chosen.facts, target: descriptor, forms, index }, names);
  }
  const target = forms[0]?.manifest.descriptor ?? only.facts.manifest;
  return recordNames(context, { facts: only.facts, target, forms }, names);
}

interface Named {
  /** The image that the names show. */
  readonly facts: ImageFacts;
  readonly target: Descriptor;
  readonly forms: readonly ImageForm[];
  readonly index?: { readonly descriptor: Descriptor; readonly children: readonly Descriptor['digest'][] };
}

async function recordNames(
  { deps: { store, now } }: ResultContext,
  { facts, target, forms, index }: Named,
  refs: readonly Reference[],
): Promise<Descriptor> {
  const { mediaType, digest, size } = target;
  const bare = { mediaType, digest, size };
  const taggedAt = now();
  const names: ImageName[] = refs.map((ref) => ({ ref, target: bare, imageId: facts.id, taggedAt }));
  const documents = forms.map(({ config, manifest, layers }) => ({
    descriptor: manifest.descriptor,
    children: [config.descriptor.digest, ...layers.map((layer) => layer.digest)],
  }));
  store.metadata.atomically(() => {
    // Most builds without a name find all as it was: what is written again waits for the disk.
    const isNews = names.length + documents.length > 0 || index !== undefined;
    if (!isNews && store.metadata.findImage(facts.id) !== undefined) return;
    // A prune may have taken what was recorded without a name a moment ago.
    for (const { image } of forms) store.metadata.putImage(image.facts, [], []);
    store.metadata.putImage(facts, [...documents, ...(index ? [index] : [])], names);
  });
  store.metadata.noteUse(facts.id, ...forms.map(({ image }) => image.facts.id));
  if (names.length > 0 || store.indexHistory() !== 'written') await store.publishIndex();
  return bare;
}
