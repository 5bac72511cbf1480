import { tarOf } from '../tar-fixtures.ts';
import type { RecordedImages } from './recorded-images.ts';

/** An image for an archive as Docker's classic store writes it. */
export interface ClassicImage {
  readonly names: readonly string[] | null;
  readonly config: Uint8Array;
  /** Base first, as plain tars. */
  readonly layers: readonly Uint8Array[];
  /** How many layers, from the base on, the archive names but leaves out: its reader has them. */
  readonly leftOut?: number;
  readonly parent?: string;
  /** The config's path in the archive; absent: `<number>.json`. */
  readonly configPath?: string;
}

/** Packs images as `docker save` of an older daemon does: plain layers and `manifest.json`. */
export function classicArchive(...images: readonly ClassicImage[]): Uint8Array {
  // One member for each layer, however many images share it.
  const members = new Map<Uint8Array, string>();
  const pathOf = (layer: Uint8Array) => {
    const path = members.get(layer) ?? `${members.size}/layer.tar`;
    members.set(layer, path);
    return path;
  };
  const items = images.map(({ names, layers, leftOut = 0, parent, configPath }, at) => ({
    Config: configPath ?? `${at}.json`,
    RepoTags: names,
    Layers: layers.map((layer, number) => (number < leftOut ? `known/${number}.tar` : pathOf(layer))),
    ...(parent !== undefined && { Parent: parent }),
  }));
  return tarOf(
    ...images.map(({ config }, at) => file(`${at}.json`, config)),
    ...[...members].map(([layer, path]) => file(path, layer)),
    file('manifest.json', JSON.stringify(items)),
  );
}

export function file(name: string, content: Uint8Array | string) {
  return { name, type: 'file' as const, content };
}

/** A recorded image under other names, with its layers. */
export function recordedImage(
  images: RecordedImages,
  shortId: string,
  names: readonly string[] | null,
): ClassicImage {
  const image = images.find(shortId);
  if (image === undefined) throw new Error(`${shortId} is no image of the recording`);
  return { names, config: image.config, layers: images.plainLayers(image) };
}
