import type { BaseImage, StageLayer } from '../../../build/build-deps.ts';
import type { Digest } from '../../../digest.ts';
import { isWherryError, WherryError } from '../../../errors.ts';
import type { ProgressEvent } from '../../../events.ts';
import type { ImageFacts } from '../../../metadata/metadata-store.ts';
import type { Platform } from '../../../platform.ts';
import { parseReference } from '../../../reference.ts';
import type { PullDeps } from '../../pull.ts';
import { resolveImage } from '../../resolve.ts';
import { chosenImage } from '../../selection/chosen-image.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from '../../store/documents.ts';
import { platformSatisfies } from '../../store/image-facts.ts';
import { isComplete, requireLayerVariant } from '../../store/layer-variant.ts';
import type { Store } from '../../store/store.ts';
import { type LayoutContext, layoutText } from '../contexts/layout-context.ts';
import type { LayoutImageDeps } from '../contexts/layout-image.ts';

export interface BaseImagesOptions extends Pick<LayoutImageDeps, 'passes' | 'host'> {
  readonly store: Store;
  /** Those that lie in layouts on disk, by what they are asked for. */
  readonly layouts: ReadonlyMap<string, LayoutContext>;
  /** What a pull needs; opened when something is to be pulled. */
  readonly transfer: () => Promise<PullDeps>;
  /** Asks registries even for what is here. */
  readonly pull: boolean;
  /** Only with a signature. */
  readonly verify: boolean;
  /** Keeps content from the sweep until the build is over. */
  readonly hold: (...digests: Digest[]) => void;
  readonly signal: AbortSignal;
}

/** The images that a build stands on and takes files from, each found once. */
export class BaseImages {
  readonly #options: BaseImagesOptions;
  readonly #found = new Map<string, Promise<BaseImage>>();

  constructor(options: BaseImagesOptions) {
    this.#options = options;
  }

  /** Finds an image, or pulls it. Throws `INVALID_REFERENCE`, and what `pull` throws. */
  find(text: string, platform: Platform, onProgress: (event: ProgressEvent) => void): Promise<BaseImage> {
    const key = JSON.stringify([text, platform]);
    const found = this.#found.get(key) ?? this.#find(text, platform, onProgress);
    this.#found.set(key, found);
    return found;
  }

  async #find(
    text: string,
    platform: Platform,
    onProgress: (event: ProgressEvent) => void,
  ): Promise<BaseImage> {
    const { store, layouts, signal, hold } = this.#options;
    const layout = layouts.get(text);
    const facts = layout
      ? await this.#fromLayout(layout, platform)
      : ((await this.#local(text, platform)) ?? (await this.#pulled(text, platform, onProgress, signal)));
    hold(...store.contentOf(facts));
    const layers: StageLayer[] = [];
    for (const layer of facts.layers) {
      const { digest, diffID, size } = await requireLayerVariant(store, layer);
      hold(digest);
      layers.push({ digest, diffID, size });
    }
    store.metadata.noteUse(facts.id);
    const bytes = await readOwnDocument(store.blobs, facts.id, MAX_CONFIG_BYTES);
    return { id: facts.id, bytes, platform: facts.platform, layers };
  }

  async #fromLayout(layout: LayoutContext, platform: Platform): Promise<ImageFacts> {
    if (this.#options.verify)
      throw new WherryError(
        'NOT_TRUSTED',
        `${layoutText(layout)} has no name that the configuration could have a key for`,
      );
    const { layoutImage } = await import('../contexts/layout-image.ts');
    return layoutImage(layout, platform, this.#options);
  }

  async #local(text: string, platform: Platform): Promise<ImageFacts | undefined> {
    const { store, pull: isPulled, verify } = this.#options;
    if (isPulled || verify) return undefined;
    try {
      const resolved = resolveImage(store.metadata, text);
      const facts = platformSatisfies(platform, resolved.facts.platform)
        ? resolved.facts
        : await chosenImage(store, resolved, platform, text);
      return (await isComplete(store, facts)) ? facts : undefined;
    } catch (error) {
      if (isWherryError(error, 'IMAGE_UNKNOWN', 'PLATFORM_UNKNOWN')) return undefined;
      throw error;
    }
  }

  async #pulled(
    text: string,
    platform: Platform,
    onProgress: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<ImageFacts> {
    const { store, transfer, verify } = this.#options;
    const request = { ref: parseReference(text), platform, ...(verify && { verify }) };
    const { pull } = await import('../../pull.ts');
    const { imageId } = await pull(await transfer(), request, { signal, onProgress });
    const facts = store.metadata.findImage(imageId);
    if (facts === undefined) throw new Error(`image ${imageId} was pulled and is not here`);
    return facts;
  }
}
