import type { ComingLayer, StageLayer } from '../../../build/build-deps.ts';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import type { Digest } from '../../../digest.ts';
import { EMPTY_DIFF_ID } from '../../../layer/empty-layer.ts';
import type { LayerFacts } from '../../../layer/layer-facts.ts';
import { storeLayer } from '../../layers/store-layer.ts';
import type { StepParts } from './step-deps.ts';

type StepLayersParts = Pick<StepParts, 'deps' | 'stored' | 'hold' | 'signal'>;

/** The layers that the steps of a build make; a step need not wait until its own is on disk. */
export class StepLayers {
  readonly #parts: StepLayersParts;
  readonly #coming = new Map<Digest, Promise<unknown>>();

  constructor(parts: StepLayersParts) {
    this.#parts = parts;
  }

  /** Stores a tar of about so many bytes, where that is known; what it turned out to be, before it is on disk. */
  async begin(tar: ByteSource, tarBytes?: number): Promise<ComingLayer> {
    const { deps, signal } = this.#parts;
    const known = Promise.withResolvers<LayerFacts>();
    const { stored } = storeLayer(deps, tar, {
      hold: (facts) => {
        this.hold(facts);
        known.resolve(facts);
      },
      ...(tarBytes !== undefined && { tarBytes }),
      signal,
    });
    stored.catch(known.reject);
    const facts = await known.promise;
    this.#note(facts, stored);
    return { ...(facts.diffID !== EMPTY_DIFF_ID && { layer: facts }), stored };
  }

  /** Keeps a layer until the build is over. */
  hold({ digest }: Pick<LayerFacts, 'digest'>): void {
    const { stored, hold } = this.#parts;
    stored.add(digest);
    hold(digest);
  }

  /** Waits for a layer that is on its way. */
  async isThere({ digest }: Pick<StageLayer, 'digest'>): Promise<void> {
    await this.#coming.get(digest);
  }

  #note({ digest }: LayerFacts, stored: Promise<unknown>): void {
    this.#coming.set(digest, stored);
    const forget = () => {
      if (this.#coming.get(digest) === stored) this.#coming.delete(digest);
    };
    stored.then(forget, forget);
  }
}
