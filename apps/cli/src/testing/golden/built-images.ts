import { tarOf } from '@wherry/core/testing';
import { file, type RecordedImages, sha256 } from '@wherry/core/testing/golden';
import type { GoldenCase } from './cases.ts';
import { imageOf, type MadeImage, RECORDED_AT, SHORT_ID, shortIdOf, tagsOf } from './made-image.ts';

/** What the recording built on. */
const BUILD_BASE = '68564a3a51fc';
/** What an image of the recording's own `Dockerfile` has beside its steps, where a list is filtered by it. */
const BUILD_LABELS = { tier: 'db' };

/** An entry of a history, and the bytes of the layer's one file; without bytes there is no layer. */
interface Step {
  readonly created_by: string;
  readonly comment?: string;
  readonly bytes?: number;
}

/** What the `Dockerfile` and the commits behind some of the recording's images did. */
const HISTORIES: Readonly<Record<string, readonly Step[]>> = {
  'built:1': [
    { created_by: '/bin/sh -c #(nop)  LABEL a=b' },
    { created_by: '/bin/sh -c echo one > /one', bytes: 4 },
    { created_by: '/bin/sh -c #(nop)  ENV X=1' },
    {
      created_by:
        '/bin/sh -c #(nop) COPY file:f963e5c1811dcde0d41d4e034f7c5ebda179aef26fc35ab9f210149f8846dc43 in /f ',
      bytes: 1000,
    },
    { created_by: '/bin/sh -c #(nop)  CMD ["sh"]' },
  ],
  'committed:1': [{ created_by: 'touch /new', comment: 'a message', bytes: 0 }],
  'test:0.1': [{ created_by: 'touch /test', bytes: 0 }],
};

const STARTED = new Date();

/** When a case's images were built: a prune's, which compares with the engine's own clock, in this process. */
export function builtAt({ file: name }: GoldenCase): Date {
  return name === 'image-prune' ? STARTED : RECORDED_AT;
}

/** Every build of that file left an image behind; not every case says so. */
const PRUNED_SETUP = 'one dangling image (label keep=yes)';

/** What was done before a case, as far as it made images. */
export function setupOf({ file: name, setup = '' }: GoldenCase): string {
  return name === 'image-prune' && !setup.includes('dangling') ? `${PRUNED_SETUP}; ${setup}` : setup;
}

/** What an image stands on. */
interface Base {
  readonly id?: string;
  readonly layers: readonly Uint8Array[];
  readonly history: readonly object[];
}

/** What a step of a build gives to the image that it makes. */
interface StepResult {
  readonly line: string;
  readonly layer?: Uint8Array;
  readonly labels?: Readonly<Record<string, string>>;
  readonly step?: Step;
}

/** A build's images: each nameless one is a step with a layer of its own, the others stand on the last. */
export function builtImages(
  recorded: GoldenCase,
  lines: readonly string[],
  shownLeaf: string | undefined,
  images: RecordedImages,
): MadeImage[] {
  const setup = setupOf(recorded);
  const { state_before: before } = recorded;
  const base = baseOf(before?.images ?? [], images);
  const named = lines.filter((line) => tagsOf(line).length > 0);
  const nameless = lines.filter((line) => tagsOf(line).length === 0);
  const told = named.find((line) => isHistoryOf(recorded, line));
  const steps = HISTORIES[tagsOf(told ?? '')[0] ?? ''];
  if (told !== undefined && steps !== undefined)
    return withHistory(base, steps, [...nameless, told].slice(-steps.length));

  const leaf = shownLeaf ?? (/dangling/.test(setup) ? nameless[0] : undefined);
  const first = new BuildChain(base, builtAt(recorded));
  for (const line of nameless.filter((other) => other !== leaf)) first.grow({ line, layer: layerOf(line) });
  if (!first.hasLayers) first.addLayer(layerOf('f'));
  const labels = leaf === undefined ? {} : { labels: labelsOf(setup) ?? BUILD_LABELS };
  if (leaf !== undefined) first.end({ line: leaf, ...labels });
  if (labelsOf(setup) === undefined) {
    for (const line of named) first.end({ line, ...labels });
    return first.images;
  }
  // A second build of other steps shares nothing with the first but the base.
  const second = new BuildChain(base, builtAt(recorded));
  for (const line of named) second.end({ line, layer: layerOf(line) });
  return [...first.images, ...second.images];
}

function isHistoryOf({ argv }: GoldenCase, line: string): boolean {
  return argv.includes('history') && argv.includes(tagsOf(line)[0] ?? '');
}

/** The images that these steps made one after the other. */
function withHistory(base: Base, steps: readonly Step[], lines: readonly string[]): MadeImage[] {
  const chain = new BuildChain(base, RECORDED_AT);
  for (const [at, step] of steps.entries()) {
    const layer = step.bytes === undefined ? {} : { layer: layerOf(step.created_by, step.bytes) };
    chain.grow({ line: lines[at] ?? '', step, ...layer });
  }
  return chain.images;
}

function baseOf(before: readonly string[], images: RecordedImages): Base {
  const image = before.some((line) => line.startsWith(BUILD_BASE)) ? images.find(BUILD_BASE) : undefined;
  if (image === undefined) return { layers: [], history: [] };
  const { history } = JSON.parse(image.config.toString('utf8'));
  return { id: image.id, layers: images.plainLayers(image), history };
}

/** Images that stand on each other. */
class BuildChain {
  readonly images: MadeImage[] = [];
  readonly #leftOut: number;
  readonly #created: string;
  #base: Base;

  constructor(base: Base, created: Date) {
    this.#base = base;
    this.#created = created.toISOString();
    this.#leftOut = base.layers.length;
  }

  get hasLayers(): boolean {
    return this.#base.layers.length > 0;
  }

  addLayer(layer: Uint8Array): void {
    this.#base = { ...this.#base, layers: [...this.#base.layers, layer] };
  }

  /** Adds an image, on which the next one stands. */
  grow(result: StepResult): void {
    this.#base = this.#add(result);
  }

  /** Adds an image on which no other stands. */
  end(result: StepResult): void {
    this.#add(result);
  }

  #add({ line, layer, labels, step }: StepResult): Base {
    const { id: parent } = this.#base;
    const created = this.#created;
    const layers = layer === undefined ? this.#base.layers : [...this.#base.layers, layer];
    const entry = step && {
      created,
      created_by: step.created_by,
      ...(step.comment !== undefined && { comment: step.comment }),
      ...(layer === undefined && { empty_layer: true }),
    };
    const history = entry === undefined ? this.#base.history : [...this.#base.history, entry];
    const fields = {
      created,
      config: { Cmd: ['sh'], ...(labels && { Labels: labels }) },
      ...(step && { history }),
    };
    const { image, ...made } = imageOf(fields, layers, tagsOf(line), shortIdOf(line));
    const whole = { ...image, leftOut: this.#leftOut, ...(parent !== undefined && { parent }) };
    this.images.push({ ...made, image: whole });
    return { id: made.id, layers, history };
  }
}

/** Labels that a setup says of the image that is left behind. */
function labelsOf(setup: string): Readonly<Record<string, string>> | undefined {
  const [, key, value = ''] = /label (\w+)=(\w+)/.exec(setup) ?? [];
  return key === undefined ? undefined : { [key]: value };
}

/** A layer of one file, of its own for each name. */
function layerOf(name: string, bytes = 'one\n'.length): Uint8Array {
  const fileName = sha256(name).slice(-SHORT_ID);
  return tarOf(file(fileName, Buffer.alloc(bytes, 'x')));
}
