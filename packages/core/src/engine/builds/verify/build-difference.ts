import type { BuildEvent, StepName } from '../../../build/build-event.ts';
import type { Digest } from '../../../digest.ts';
import { throwIfCancelled } from '../../../errors.ts';
import type { ImageFacts } from '../../../metadata/metadata-store.ts';
import { readJson } from '../../../oci/json.ts';
import type { Platform } from '../../../platform.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from '../../store/documents.ts';
import type { Store } from '../../store/store.ts';
import { type FileDifference, firstFileDifference } from './file-difference.ts';

/** Where two builds of the same went apart first. */
export type BuildDifference = {
  /** The first step, in the order of the Dockerfile, that made something else. */
  readonly step: StepName;
  /** In a build for several. */
  readonly platform?: Platform;
  /** The images after the step. */
  readonly images: readonly [Digest, Digest];
} & (
  | {
      readonly kind: 'file';
      /** Position of its layer, base first, from 0. */
      readonly layer: number;
      readonly file: FileDifference;
    }
  /** The layers have the same files, in another order or another spelling. */
  | { readonly kind: 'layer'; readonly layer: number }
  /** `from` and `to` as JSON; absent: one of them has no such field. */
  | { readonly kind: 'config'; readonly field: string; readonly from?: string; readonly to?: string }
);

/** A step, and the image that it came to. */
interface StepEnd {
  readonly step: StepName;
  readonly platform?: Platform;
  readonly image?: Digest;
}

/** Gathers what the steps of a build come to. */
export class BuildTrace {
  readonly #ends = new Map<string, StepEnd[]>();

  note(event: BuildEvent): void {
    if (event.kind !== 'build-step-done' && event.kind !== 'build-step-cached') return;
    const { step, image, platform } = event;
    const key = JSON.stringify(platform ?? null);
    const ends = this.#ends.get(key) ?? [];
    ends.push({ step, ...(image && { image }), ...(platform && { platform }) });
    this.#ends.set(key, ends);
  }

  /** Platform by platform, steps in the order of the Dockerfile. */
  get ends(): readonly StepEnd[] {
    return [...this.#ends.values()].flatMap((ends) => ends.sort((a, b) => a.step.number - b.step.number));
  }
}

/** The first difference of two builds that have all of their images in the store; `undefined`: there is none. */
export async function firstDifference(
  store: Store,
  traces: readonly [BuildTrace, BuildTrace],
  signal: AbortSignal,
): Promise<BuildDifference | undefined> {
  const [first, second] = [traces[0].ends, traces[1].ends];
  for (const [i, { image, step, platform }] of first.entries()) {
    const other = second[i]?.image;
    if (image === other || image === undefined || other === undefined) continue;
    throwIfCancelled(signal);
    const pair = [factsOf(store, image), factsOf(store, other)] as const;
    const about = { step, ...(platform && { platform }), images: [image, other] as const };
    return { ...about, ...(await imageDifference(store, pair, signal)) };
  }
  return undefined;
}

async function imageDifference(
  store: Store,
  [first, second]: readonly [ImageFacts, ImageFacts],
  signal: AbortSignal,
) {
  const count = Math.max(first.layers.length, second.layers.length);
  for (let layer = 0; layer < count; layer++) {
    const pair = [first.layers[layer], second.layers[layer]] as const;
    if (pair[0]?.diffID === pair[1]?.diffID) continue;
    const file = await firstFileDifference(store, [pair[0]?.digest, pair[1]?.digest], signal);
    return file ? ({ kind: 'file', layer, file } as const) : ({ kind: 'layer', layer } as const);
  }
  const [from, to] = [await configOf(store, first.id), await configOf(store, second.id)];
  const found = fieldDifference(from, to, '');
  if (found === undefined) throw new Error('configs of different images differ');
  return { kind: 'config', ...found } as const;
}

interface FieldDifference {
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
}

/** The first field that differs, as `config.Env[1]`. */
function fieldDifference(from: unknown, to: unknown, field: string): FieldDifference | undefined {
  if (isCollection(from) && isCollection(to) && Array.isArray(from) === Array.isArray(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      const name = Array.isArray(from) ? `${field}[${key}]` : field === '' ? key : `${field}.${key}`;
      const found = fieldDifference(from[key], to[key], name);
      if (found) return found;
    }
    return undefined;
  }
  const texts = [JSON.stringify(from), JSON.stringify(to)] as const;
  if (texts[0] === texts[1]) return undefined;
  return {
    field,
    ...(texts[0] !== undefined && { from: texts[0] }),
    ...(texts[1] !== undefined && { to: texts[1] }),
  };
}

function isCollection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

async function configOf({ blobs }: Store, id: Digest): Promise<unknown> {
  return readJson(await readOwnDocument(blobs, id, MAX_CONFIG_BYTES), 'config');
}

function factsOf({ metadata }: Store, id: Digest): ImageFacts {
  const facts = metadata.findImage(id);
  if (facts === undefined) throw new Error(`image ${id} was built and is not here`);
  return facts;
}
