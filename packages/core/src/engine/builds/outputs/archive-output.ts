import type { ByteSource } from '../../../bytes/byte-source.ts';
import { type ArchiveImage, writeDockerArchive } from '../../../image/docker-archive-writer.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Reference } from '../../../reference.ts';
import { platformSatisfies } from '../../store/image-facts.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import { type ImageForm, imageForm, indexForm } from './image-form.ts';

/**
 * The result as an archive: an OCI layout, for Docker with what `docker load` of any age reads beside it. Of several
 * platforms it has the index and all that this names.
 */
export async function resultArchive(
  context: ResultContext,
  images: readonly [BuiltImage, ...BuiltImage[]],
  { kind, names }: { readonly kind: 'oci' | 'docker'; readonly names: readonly Reference[] },
): Promise<{ readonly archive: ByteSource; readonly target: Descriptor }> {
  const { deps, request } = context;
  const forms: ImageForm[] = [];
  for (const image of images) forms.push(await imageForm(context, image, request.compression ?? 'gzip'));
  const shown = forms.find(({ image }) => platformSatisfies(deps.host, image.platform)) ?? forms[0];
  if (shown === undefined) throw new Error('a build makes an image');
  const archived: ArchiveImage = { ...shown, names };
  const index = images.length > 1 ? await archiveIndex(context, forms) : undefined;
  const whole = index ? { ...archived, index } : archived;
  const { mediaType, digest, size } = (index?.document ?? shown.manifest).descriptor;
  return {
    archive: writeDockerArchive([whole], deps.store.blobs, { isLayoutAlone: kind === 'oci' }),
    target: { mediaType, digest, size },
  };
}

async function archiveIndex(context: ResultContext, forms: readonly ImageForm[]) {
  const document = await indexForm(context, forms);
  const contents = forms.flatMap(({ manifest, config, layers }) => [
    manifest.descriptor,
    config.descriptor,
    ...layers,
  ]);
  return { document, contents };
}
