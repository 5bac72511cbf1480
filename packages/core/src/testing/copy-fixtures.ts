import type { CopyRequest, OriginKind } from '../build/copy/copy-request.ts';
import { prepareCopy } from '../build/copy/plan-copy.ts';
import type { SourceTree } from '../build/source-tree.ts';
import { collect } from '../bytes/collect.ts';
import { readTar } from '../tar/reader.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { ImageTree } from '../tree/image-tree.ts';
import { gather, sourceOf } from './layer-fixtures.ts';
import { type SourceFixtures, sourceOfFiles } from './source-fixtures.ts';
import { type FixtureEntry, tarOf } from './tar-fixtures.ts';
import { UnpackedFiles } from './unpacked-files.ts';

const MAX_CONTENT_BYTES = 128 * 1024 * 1024;

/** The epoch of builds in tests. */
export const EPOCH = 1_700_000_000;

/** A COPY or ADD and what it meets, in short. */
export interface CopyCase extends Partial<Omit<CopyRequest, 'origins'>> {
  readonly files: SourceFixtures | SourceTree;
  readonly kind?: OriginKind;
  readonly copy: string | readonly string[];
  readonly to: string;
  /** The layers of the stage. */
  readonly lower?: readonly (readonly FixtureEntry[])[];
  readonly workdir?: string;
  /** Small files of the stage by path. */
  readonly read?: Readonly<Record<string, string>>;
  readonly latest?: number;
  readonly epoch?: number;
}

export async function planCase(given: CopyCase) {
  const {
    files,
    kind = 'context',
    copy,
    to,
    lower = [],
    workdir = '/',
    read = {},
    latest,
    epoch = EPOCH,
    ...request
  } = given;
  const tree = Symbol.asyncDispose in files ? (files as SourceTree) : sourceOfFiles(files as SourceFixtures);
  const sources = typeof copy === 'string' ? [copy] : copy;
  const stage = new ImageTree();
  for (const layer of lower) stage.apply(await entriesOf(tarOf(...layer)));
  const times = { epoch, ...(latest !== undefined && { latest }) };
  const readLower = async (path: string) =>
    read[path] === undefined ? undefined : new TextEncoder().encode(read[path]);
  return prepareCopy(
    { verb: 'COPY', origins: [{ kind, tree, sources }], destination: to, ...request },
    { lower: async () => stage, readLower, workdir, times },
  );
}

/** The entries of the layer that a case gives, with their contents. */
export async function layerOf(given: CopyCase): Promise<(TarEntry & FixtureEntry)[]> {
  return entriesOf(await gather((await planCase(given)).write()));
}

/** What stands in a layer, a line for each entry. */
export async function linesOf(given: CopyCase): Promise<string[]> {
  return (await layerOf(given)).map((entry) => {
    const text = (bytes: Uint8Array | string = '') => Buffer.from(bytes).toString();
    const owner = entry.uid || entry.gid ? ` ${entry.uid}:${entry.gid}` : '';
    const target = { symlink: ` -> ${text(entry.link)}`, hardlink: ` = ${text(entry.link)}` };
    const tail = entry.type in target ? target[entry.type as keyof typeof target] : '';
    const content = entry.content?.length ? ` ${JSON.stringify(text(entry.content))}` : '';
    return `${text(entry.name)} ${entry.mode.toString(8)}${owner}${tail}${content}`;
  });
}

/** All files of the stage with the layer on top, as a plain unpacker leaves them. */
export async function unpackedCase(given: CopyCase, links = false): Promise<Record<string, string>> {
  const files = new UnpackedFiles();
  for (const layer of [...(given.lower ?? []), await layerOf(given)]) files.unpack(layer);
  return files.list({ links });
}

/** The entries of a tar with their contents. */
export async function entriesOf(tar: Uint8Array): Promise<(TarEntry & FixtureEntry)[]> {
  const found: (TarEntry & FixtureEntry)[] = [];
  for await (const { entry, body } of readTar(sourceOf([tar])))
    found.push({
      ...entry,
      ...(entry.type === 'file' && { content: await collect(body, MAX_CONTENT_BYTES) }),
    });
  return found;
}
