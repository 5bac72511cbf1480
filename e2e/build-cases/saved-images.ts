import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type ReadEntry, readEntries } from '../tar-reader.ts';

/** A file of an image. */
export interface TreeFile {
  /** What it is, in one comparable text: kind, mode, owner, content, link, device, attributes, other names. */
  readonly description: string;
  readonly mtime: number;
}

export interface SavedImage {
  // biome-ignore lint/suspicious/noExplicitAny: a document that is compared field by field
  readonly config: any;
  /** Its history, with a step that made a layer without a file taken for one that made none. */
  readonly history: readonly HistoryEntry[];
  /** Merged, by absolute path. */
  readonly tree: ReadonlyMap<string, TreeFile>;
}

export interface HistoryEntry {
  readonly created_by?: string;
  readonly empty_layer?: boolean;
  readonly author?: string;
  readonly comment?: string;
}

interface Manifest {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** Reads an archive of `docker save`, by each name. */
export function readSavedImages(bytes: Buffer): Map<string, SavedImage> {
  const archive = new Map(readEntries(bytes).map((entry) => [entry.path, entry]));
  const content = (name: string): Buffer => {
    const entry = archive.get(name);
    if (entry === undefined) throw new Error(`no ${name}`);
    // A layer that images share may be a link to its first place.
    if (entry.type !== '2') return entry.content;
    return content(posix.join(posix.dirname(name), entry.linkTarget));
  };
  const layers = new Map<Buffer, ReadEntry[]>();
  const entriesOf = (layer: string) => {
    const bytes = content(layer);
    const entries = layers.get(bytes) ?? readEntries(bytes);
    layers.set(bytes, entries);
    return entries;
  };
  const images = new Map<string, SavedImage>();
  for (const { Config, RepoTags, Layers } of JSON.parse(content('manifest.json').toString()) as Manifest[]) {
    const config = JSON.parse(content(Config).toString());
    const all = Layers.map(entriesOf);
    const image = { config, history: settledHistory(config.history, all), tree: mergedTree(all) };
    for (const tag of RepoTags ?? []) images.set(tag.replace(/^docker\.io\/library\//, ''), image);
  }
  return images;
}

function settledHistory(
  history: readonly HistoryEntry[],
  layers: readonly (readonly ReadEntry[])[],
): HistoryEntry[] {
  const ahead = [...layers];
  return history.map((entry) => {
    const isEmpty = entry.empty_layer === true || ahead.shift()?.length === 0;
    return { ...entry, empty_layer: isEmpty };
  });
}

/** A file, whatever it is called. */
interface Inode {
  readonly entry: ReadEntry;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

function mergedTree(layers: readonly (readonly ReadEntry[])[]): Map<string, TreeFile> {
  const merged = new Map<string, Inode>();
  for (const entries of layers) applyLayer(merged, entries);
  const names = new Map<Inode, string[]>();
  const sorted = [...merged].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, inode] of sorted) names.set(inode, [...(names.get(inode) ?? []), path]);
  const tree = new Map<string, TreeFile>();
  for (const [path, inode] of sorted) {
    const [first, ...others] = names.get(inode) ?? [];
    const links = others.length > 0 ? `, one of ${others.length + 1} names from /${first} on` : '';
    tree.set(`/${path}`, { description: describeEntry(inode.entry) + links, mtime: inode.entry.mtime });
  }
  return tree;
}

function applyLayer(merged: Map<string, Inode>, entries: readonly ReadEntry[]): void {
  for (const { path } of entries) {
    const name = posix.basename(path);
    const directory = posix.dirname(path);
    if (name === OPAQUE) removeBelow(merged, directory);
    else if (name.startsWith(WHITEOUT)) remove(merged, posix.join(directory, name.slice(WHITEOUT.length)));
  }
  for (const entry of entries) {
    if (posix.basename(entry.path).startsWith(WHITEOUT)) continue;
    const replaced = merged.get(entry.path)?.entry.type;
    if (entry.type !== '5' && replaced === '5') removeBelow(merged, entry.path);
    const target = entry.type === '1' ? merged.get(entry.linkTarget.replace(/^\.?\/+/, '')) : undefined;
    if (entry.type === '1' && target === undefined) throw new Error(`${entry.path}: no ${entry.linkTarget}`);
    merged.set(entry.path, target ?? { entry });
  }
}

function remove(merged: Map<string, Inode>, path: string): void {
  merged.delete(path);
  removeBelow(merged, path);
}

function removeBelow(merged: Map<string, Inode>, path: string): void {
  const prefix = path === '.' ? '' : `${path}/`;
  for (const each of merged.keys()) if (each.startsWith(prefix)) merged.delete(each);
}

const KINDS: Readonly<Record<string, string>> = {
  0: 'file',
  2: 'symlink',
  3: 'character device',
  4: 'block device',
  5: 'directory',
  6: 'fifo',
};

/** Images share most of their files. */
const DESCRIPTIONS = new WeakMap<ReadEntry, string>();

function describeEntry(entry: ReadEntry): string {
  const description = DESCRIPTIONS.get(entry) ?? describe(entry);
  DESCRIPTIONS.set(entry, description);
  return description;
}

function describe(entry: ReadEntry): string {
  const { type, mode, uid, gid, device, linkTarget, content, xattrs } = entry;
  const attributes = Object.entries(xattrs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    KINDS[type] ?? `type ${type}`,
    // A symlink's mode means nothing on Linux.
    ...(type === '2' ? [] : [mode.toString(8)]),
    `${uid}:${gid}`,
    ...(type === '0' ? [contentText(content)] : []),
    ...(type === '2' ? [`-> ${linkTarget}`] : []),
    ...(device === undefined ? [] : [device]),
    ...attributes.map(([key, value]) => `${key}=${Buffer.from(value, 'latin1').toString('hex')}`),
  ].join(' ');
}

/** Short ones as they are, so that a failing test can be read. */
function contentText(content: Buffer): string {
  if (content.length <= 200) return JSON.stringify(content.toString());
  return `${content.length} bytes, ${createHash('sha256').update(content).digest('hex')}`;
}
