import { makeIndex, makeManifest, type StoredDocument } from '../../../image/build-image.ts';
import type { LayerRecord } from '../../../metadata/metadata-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { imagePlatform, parseImageConfig } from '../../../oci/image-config.ts';
import { MEDIA_TYPES } from '../../../oci/media-types.ts';
import type { Platform } from '../../../platform.ts';
import { type LayerPacking, repackLayer } from '../../layers/repack-layer.ts';
import { MAX_CONFIG_BYTES, readOwnDocument, storeDocument } from '../../store/documents.ts';
import { platformSatisfies } from '../../store/image-facts.ts';
import { requireLayerVariant, storedCompression, storedDescriptor } from '../../store/layer-variant.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import { annotationsFor } from './annotations.ts';

/** A built image as an output has it. */
export interface ImageForm {
  readonly image: BuiltImage;
  readonly config: StoredDocument;
  /** With the platform and the annotations that whatever names it is to say. */
  readonly manifest: StoredDocument;
  /** Base first. */
  readonly layers: readonly LayerRecord[];
}

/** A built image in its lasting form, or, without a packing, as its layers lie in the store. It is in the store. */
export async function imageForm(
  context: ResultContext,
  image: BuiltImage,
  packing: LayerPacking | undefined,
): Promise<ImageForm> {
  const { deps, request, hold, signal } = context;
  const { store } = deps;
  const layers: LayerRecord[] = [];
  for (const [i, layer] of image.layers.entries()) {
    const record = await requireLayerVariant(store, layer);
    const isAdded = i >= (image.base?.layers ?? 0);
    layers.push(packing ? await packedLayer(context, record, { packing, isAdded }) : record);
  }
  const bytes = await readOwnDocument(store.blobs, image.facts.id, MAX_CONFIG_BYTES);
  const config = {
    descriptor: { mediaType: MEDIA_TYPES.ociConfig, digest: image.facts.id, size: bytes.length },
    bytes,
  };
  const made = makeManifest(
    config.descriptor,
    layers.map((record) => storedDescriptor(store, record)),
    {
      annotations: annotationsFor(request, 'manifest', image.platform),
      isSealed: packing !== undefined,
    },
  );
  hold(made.descriptor.digest);
  await storeDocument(store.blobs, made.descriptor, made.bytes, signal);
  const annotations = annotationsFor(request, 'manifest-descriptor', image.platform);
  const descriptor: Descriptor = {
    ...made.descriptor,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    platform: shownPlatform(image.platform, imagePlatform(parseImageConfig(bytes))),
  };
  return { image, config, manifest: { descriptor, bytes: made.bytes }, layers };
}

/** The index of the images for several platforms. It is in the store. */
export async function indexForm(
  { deps, request, hold, signal }: ResultContext,
  forms: readonly ImageForm[],
): Promise<StoredDocument> {
  const manifests = forms.map(({ manifest }) => manifest.descriptor);
  const { descriptor, bytes } = makeIndex(manifests, annotationsFor(request, 'index'));
  hold(descriptor.digest);
  await storeDocument(deps.store.blobs, descriptor, bytes, signal);
  const annotations = annotationsFor(request, 'index-descriptor');
  return {
    descriptor: { ...descriptor, ...(Object.keys(annotations).length > 0 && { annotations }) },
    bytes,
  };
}

interface Packed {
  readonly packing: LayerPacking;
  /** The build made it: what came with the base keeps its form, but that a plain layer is packed. */
  readonly isAdded: boolean;
}

/** A layer in the form that an output has it in: the one that is there, or a new one. */
export async function packedLayer(
  { deps, hold, signal }: ResultContext,
  record: LayerRecord,
  { packing, isAdded }: Packed,
): Promise<LayerRecord> {
  const { store } = deps;
  const here = storedCompression(store, record.digest);
  if (here === packing || (!isAdded && (packing === 'none' || here !== 'none'))) return record;
  for (const other of store.metadata.layersByDiffID(record.diffID)) {
    hold(other.digest);
    if (storedCompression(store, other.digest) === packing) return other;
  }
  return repackLayer(deps, record, { packing, hold, emit: () => undefined, signal });
}

/** A stage of another platform may have made the image: what was asked for is what it is listed as. */
function shownPlatform(wanted: Platform, actual: Platform): Platform {
  return platformSatisfies(wanted, actual) ? actual : wanted;
}
