import { createHash } from 'node:crypto';
import type { Digest } from '../digest.ts';
import { type BuiltConfig, type BuiltStep, withStep, writeBuiltConfig } from '../image/built-config.ts';
import type { StageLayer, StepImage } from './build-deps.ts';

/** The image that a stage has come to: steps make a new one, none is changed. */
export interface StageImage {
  /** Absent: nothing stands on `FROM scratch` yet. */
  readonly id?: Digest;
  readonly built: BuiltConfig;
  /** Base first. */
  readonly layers: readonly StageLayer[];
}

/** What a step adds to an image. */
export interface StageChange {
  readonly config?: BuiltConfig['config'];
  readonly author?: string;
  readonly createdBy: string;
  readonly comment?: string;
  readonly layer?: StageLayer;
}

/** The image after a step, and what there is to record of it. */
export function nextImage(
  image: StageImage,
  { config, author, createdBy, comment, layer }: StageChange,
  epoch: number,
): { readonly image: StageImage; readonly record: StepImage } {
  const created = new Date(epoch * 1000);
  const { id: parent } = image;
  const step: BuiltStep = {
    created,
    createdBy,
    ...(parent && { parent }),
    ...(comment && { comment }),
    ...(layer && { diffID: layer.diffID }),
  };
  const built = withStep(
    { ...image.built, ...(config && { config }), ...(author !== undefined && { author }) },
    step,
  );
  const document = writeBuiltConfig(built, created);
  const layers = layer ? [...image.layers, layer] : image.layers;
  return {
    image: { id: document.descriptor.digest, built, layers },
    record: { document, layers, ...(parent && { parent }) },
  };
}

/** What names a stack of layers; empty for none. OCI image-spec v1.1, config.md "Layer ChainID". */
export function chainOf(layers: readonly StageLayer[]): string {
  let chain = '';
  for (const { diffID } of layers)
    chain =
      chain === '' ? diffID : `sha256:${createHash('sha256').update(`${chain} ${diffID}`).digest('hex')}`;
  return chain;
}
