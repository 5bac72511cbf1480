import { collect } from '../bytes/collect.ts';
import { isWherryError } from '../errors.ts';
import { ImageTree } from '../tree/image-tree.ts';
import type { BuildDeps, StageLayer } from './build-deps.ts';
import { ImageSource } from './copy/image-source.ts';
import { findSources } from './copy/source-paths.ts';
import type { SourceNode, SourceTree } from './source-tree.ts';

type FileDeps = Pick<BuildDeps, 'layerEntries' | 'layerTar'>;

/** Small files of a stage, such as `/etc/passwd`. */
const MAX_FILE_BYTES = 16 << 20;

/** The merged files of a stack of layers that grows. Nothing is read before somebody asks. */
export class StageFiles {
  readonly #deps: FileDeps;
  readonly #applied: StageLayer[] = [];
  #tree = new ImageTree();
  /** One at a time: layers go on top of each other. */
  #growing: Promise<unknown> = Promise.resolve();

  constructor(deps: FileDeps) {
    this.#deps = deps;
  }

  /** The files of these layers, which are those of the last call, or more. */
  tree(layers: readonly StageLayer[]): Promise<ImageTree> {
    const grown = this.#growing.then(() => this.#grow(layers));
    this.#growing = grown.catch(() => undefined);
    return grown;
  }

  /** The same, to take files from. */
  async source(layers: readonly StageLayer[]): Promise<SourceTree> {
    const tree = await this.tree(layers);
    return new ImageSource(tree, (layer) => {
      const found = layers[layer];
      if (found === undefined) throw new Error(`there is no layer ${layer}`);
      return this.#deps.layerTar(found);
    });
  }

  /** A small file, links on its way followed; `undefined`: there is none. Throws `TOO_LARGE`. */
  async read(layers: readonly StageLayer[], path: string): Promise<Uint8Array | undefined> {
    await using source = await this.source(layers);
    const node = findFile(source, path);
    if (node === undefined) return undefined;
    for await (const { body } of source.read([node]))
      return body instanceof Uint8Array ? body : collect(body, MAX_FILE_BYTES);
    return undefined;
  }

  async #grow(layers: readonly StageLayer[]): Promise<ImageTree> {
    const isSame = this.#applied.every(({ diffID }, i) => diffID === layers[i]?.diffID);
    if (!isSame) {
      this.#tree = new ImageTree();
      this.#applied.length = 0;
    }
    for (const layer of layers.slice(this.#applied.length)) {
      this.#tree.apply(await this.#deps.layerEntries(layer));
      this.#applied.push(layer);
    }
    return this.#tree;
  }
}

function findFile({ root }: SourceTree, path: string): SourceNode | undefined {
  try {
    const [match] = findSources(root, path, { verb: 'COPY', isContext: false });
    return match?.node.type === 'file' ? match.node : undefined;
  } catch (error) {
    if (isWherryError(error, 'FILE_NOT_FOUND')) return undefined;
    throw error;
  }
}
