import type { FixtureEntry } from './tar-fixtures.ts';

interface File {
  readonly facts: string;
  readonly symlink?: string;
}
type Directory = { facts: string; readonly names: Map<string, Directory | File> };

const IMPLIED = 'directory 493 0 0 0.0';
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A file system in memory that layers are unpacked into, one after the other, entry by entry: the plain way,
 * which whatever works on tables of contents must come to the same result as.
 */
export class UnpackedFiles {
  readonly #root: Directory = { facts: IMPLIED, names: new Map() };

  /** Unpacks a layer; returns its entries without those that cannot be unpacked. */
  unpack(layer: readonly FixtureEntry[]): FixtureEntry[] {
    const names = new Map(layer.map((entry) => [entry, textOf(entry.name)]));
    const whiteouts = layer.filter((entry) => names.get(entry)?.includes('.wh.'));
    const sound = new Set(
      whiteouts.filter((entry) => this.#attempt(() => this.#whiteout(names.get(entry) ?? ''))),
    );
    for (const entry of layer)
      if (!whiteouts.includes(entry) && this.#attempt(() => this.#put(names.get(entry) ?? '', entry)))
        sound.add(entry);
    return layer.filter((entry) => sound.has(entry));
  }

  /** Every path with all that is known of it; with `links`, also which paths are one file. */
  list({ links }: { readonly links: boolean }): Record<string, string> {
    const found: Record<string, string> = {};
    const first = new Map<File, string>();
    const visit = (path: string, directory: Directory) => {
      found[`${path}/`] = directory.facts;
      for (const [name, node] of [...directory.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const at = `${path}/${name}`;
        if ('names' in node) visit(at, node);
        else {
          found[at] = `${node.facts}${links ? ` = ${first.get(node) ?? at}` : ''}`;
          first.set(node, first.get(node) ?? at);
        }
      }
    };
    visit('', this.#root);
    return found;
  }

  #attempt(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #whiteout(path: string): void {
    const parts = split(path);
    const name = parts.pop() ?? '';
    const parent = this.#enter(parts, 0);
    if (name === '.wh..wh..opq') parent.names.clear();
    else parent.names.delete(name.slice('.wh.'.length));
  }

  #put(path: string, entry: FixtureEntry): void {
    const parts = split(path);
    const name = parts.pop();
    const facts = factsOf(entry);
    if (name === undefined) this.#root.facts = facts;
    else if (entry.type === 'hardlink') {
      const target = split(textOf(entry.link ?? ''));
      const file = this.#peek(target.slice(0, -1), 0)?.names.get(target.at(-1) ?? '');
      if (!file || 'names' in file) throw new RangeError('no file to link to');
      this.#enter(parts, 0).names.set(name, file);
    } else {
      const { names } = this.#enter(parts, 0);
      const old = names.get(name);
      if (entry.type !== 'directory')
        names.set(name, { facts, ...(entry.type === 'symlink' && { symlink: textOf(entry.link ?? '') }) });
      else if (old && 'names' in old) old.facts = facts;
      else names.set(name, { facts, names: new Map() });
    }
  }

  /** Goes into a directory and makes it where it is missing. */
  #enter(parts: readonly string[], hops: number): Directory {
    this.#peek(parts, hops, true);
    return this.#peek(parts, hops) ?? this.#root;
  }

  #peek(parts: readonly string[], hops: number, make = false): Directory | undefined {
    if (hops > 40) throw new RangeError('a circle of symlinks');
    let here = this.#root;
    for (const [i, part] of parts.entries()) {
      const node = here.names.get(part);
      if (node && !('names' in node) && node.symlink !== undefined) {
        const start = node.symlink.startsWith('/') ? [] : parts.slice(0, i);
        return this.#peek([...start, ...split(node.symlink), ...parts.slice(i + 1)], hops + 1, make);
      }
      if (node && 'names' in node) here = node;
      else if (!make) return undefined;
      else {
        const made: Directory = { facts: IMPLIED, names: new Map() };
        here.names.set(part, made);
        here = made;
      }
    }
    return here;
  }
}

function factsOf(entry: FixtureEntry): string {
  const {
    type,
    mode = type === 'directory' ? 0o755 : 0o644,
    uid = 0,
    gid = 0,
    mtime = 0,
    mtimeNs = 0,
  } = entry;
  const xattrs = [...(entry.xattrs ?? [])].map(([key, value]) => `${key}=${[...value]}`);
  const content = entry.content ? Buffer.from(entry.content).toString('hex') : '';
  const target = type === 'symlink' ? `->${textOf(entry.link ?? '')}` : '';
  const device = type === 'char' ? `${entry.devMajor},${entry.devMinor}` : '';
  return [type, mode, uid, gid, `${mtime}.${mtimeNs}`, ...xattrs, content, target, device]
    .filter((x) => x !== '')
    .join(' ');
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function textOf(text: Uint8Array | string): string {
  return typeof text === 'string' ? text : decoder.decode(text);
}
