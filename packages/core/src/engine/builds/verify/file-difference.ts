import { NodeHasher } from '../../../bytes/node-hasher.ts';
import type { Digest } from '../../../digest.ts';
import { throwIfCancelled } from '../../../errors.ts';
import { readTar, type TarFile } from '../../../tar/reader.ts';
import { toLatin1 } from '../../../tree/tree-path.ts';
import { layerTar } from '../../layers/layer-entries.ts';
import type { Store } from '../../store/store.ts';

/** What may differ in a file that two layers have. */
export type FileAspect = 'type' | 'content' | 'mode' | 'owner' | 'time' | 'target' | 'device' | 'attributes';

/** One file that two layers do not have in common. */
export interface FileDifference {
  /** From the root on, as UTF-8. */
  readonly path: string;
  readonly kind:
    | 'changed'
    /** Only the first layer has it. */
    | 'gone'
    /** Only the second layer has it. */
    | 'new';
  /** Of one that changed, at least one; times and modes as `from` and `to` have them. */
  readonly changes: readonly { readonly what: FileAspect; readonly from: string; readonly to: string }[];
}

type FileFacts = Readonly<Record<FileAspect, string>>;

/**
 * The first file, in the order of the first layer's tar, that two layers differ in; `undefined`: none. An absent layer
 * has no files.
 */
export async function firstFileDifference(
  store: Store,
  [first, second]: readonly [Digest | undefined, Digest | undefined],
  signal: AbortSignal,
): Promise<FileDifference | undefined> {
  const [before, after] = [await filesOf(store, first, signal), await filesOf(store, second, signal)];
  for (const [path, from] of before) {
    const to = after.get(path);
    if (to === undefined) return { path: shown(path), kind: 'gone', changes: [] };
    const changes = ASPECTS.filter((what) => from[what] !== to[what]);
    if (changes.length === 0) continue;
    return {
      path: shown(path),
      kind: 'changed',
      changes: changes.map((what) => ({ what, from: from[what], to: to[what] })),
    };
  }
  for (const path of after.keys())
    if (!before.has(path)) return { path: shown(path), kind: 'new', changes: [] };
  return undefined;
}

const ASPECTS: readonly FileAspect[] = [
  'type',
  'content',
  'mode',
  'owner',
  'time',
  'target',
  'device',
  'attributes',
];

async function filesOf(
  store: Store,
  layer: Digest | undefined,
  signal: AbortSignal,
): Promise<Map<string, FileFacts>> {
  const files = new Map<string, FileFacts>();
  if (layer === undefined) return files;
  for await (const file of readTar(layerTar(store, layer))) {
    throwIfCancelled(signal);
    files.set(toLatin1(file.entry.name).replace(/(?<=.)\/$/, ''), await factsOf(file));
  }
  return files;
}

async function factsOf({ entry, body }: TarFile): Promise<FileFacts> {
  const { type, mode, uid, gid, mtime, mtimeNs, link, devMajor, devMinor, xattrs = new Map() } = entry;
  const attributes = [...xattrs].map(([key, value]) => `${key}=${Buffer.from(value).toString('base64')}`);
  const hasher = new NodeHasher();
  for await (const chunk of body) hasher.update(chunk);
  return {
    type,
    content: type === 'file' ? hasher.digest() : '',
    mode: mode.toString(8).padStart(4, '0'),
    owner: `${uid}:${gid}`,
    time: `${mtime}.${String(mtimeNs).padStart(9, '0')}`,
    target: Buffer.from(link).toString('utf8'),
    device: `${devMajor}:${devMinor}`,
    attributes: attributes.sort().join(' '),
  };
}

function shown(path: string): string {
  return `/${Buffer.from(path, 'latin1')
    .toString('utf8')
    .replace(/^\.?\//, '')}`;
}
