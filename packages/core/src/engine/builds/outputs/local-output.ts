import { isErrno, WherryError } from '../../../errors.ts';
import { LocalTree } from '../../../rootfs/local-tree.ts';
import type { TarItem } from '../../../tar/writer.ts';
import { fromLatin1, toLatin1 } from '../../../tree/tree-path.ts';
import { plannedItems } from '../../../tree/write-layer.ts';
import { openLayers, planMerge } from '../../layers/merged-layers.ts';
import type { BuiltImage, ResultContext } from '../built-image.ts';
import { toOutputError } from './output-file.ts';

/**
 * Writes an image's files below a directory, with modes and times, as files of whoever runs this. Devices are left
 * out with a warning. What is there already gives way, what is there besides stays. Throws `INVALID_TAR`,
 * `PERMISSION_DENIED`, `NO_SPACE`, `CANCELLED`; what was written until then stays.
 */
export async function writeLocal(
  context: ResultContext,
  { layers }: BuiltImage,
  directory: string,
): Promise<void> {
  const { deps, signal } = context;
  const plan = await planMerge(deps.store, layers, 0, signal);
  const open = openLayers(deps.store, layers);
  try {
    using tree = new LocalTree(directory);
    const skipped = new Skipped();
    for await (const item of plannedItems(plan, open)) await put(tree, item, skipped, signal);
    tree.finish();
    skipped.tell((message) => context.emit({ kind: 'build-warning', message }), directory);
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTDIR'))
      throw new WherryError('INVALID_ARGUMENT', `local output ${directory}: not a directory`, {
        cause: error,
      });
    throw toOutputError(error, `write to ${directory}`);
  }
}

/** Of a directory that no layer has an entry for. */
const IMPLIED_MODE = 0o755;

async function put(
  tree: LocalTree,
  { entry, body = new Uint8Array(0) }: TarItem,
  skipped: Skipped,
  signal: AbortSignal,
): Promise<void> {
  const path = toLatin1(bytesOf(entry.name)).replace(/\/$/, '');
  const { mode = IMPLIED_MODE, mtime = 0, mtimeNs = 0, link = '' } = entry;
  const attributes = { mode, mtime, mtimeNs };
  if (entry.type !== 'hardlink' && entry.xattrs && entry.xattrs.size > 0) skipped.withXattrs++;
  switch (entry.type) {
    case 'directory':
      if (path !== '.') await tree.makeDirectory(path, attributes);
      return;
    case 'file':
      return tree.writeFile(path, attributes, body, signal);
    case 'symlink':
      return tree.makeSymlink(path, bytesOf(link), attributes);
    case 'hardlink':
      if (skipped.specials.has(toLatin1(bytesOf(link)))) return skipped.skip(path);
      return tree.makeHardLink(path, toLatin1(bytesOf(link)));
    default:
      skipped.skip(path);
  }
}

/** What a user's files cannot be. */
class Skipped {
  /** Paths of devices and FIFOs. */
  readonly specials = new Set<string>();
  withXattrs = 0;

  skip(path: string): void {
    this.specials.add(path);
  }

  tell(warn: (message: string) => void, directory: string): void {
    const [first] = this.specials;
    if (first !== undefined) {
      const shown = JSON.stringify(Buffer.from(fromLatin1(first)).toString('utf8'));
      const others = this.specials.size > 1 ? ` and ${this.specials.size - 1} more` : '';
      warn(`${directory}: devices and FIFOs are left out: ${shown}${others}`);
    }
    if (this.withXattrs > 0) {
      const files =
        this.withXattrs === 1 ? '1 file is without its' : `${this.withXattrs} files are without their`;
      warn(`${directory}: ${files} extended attributes`);
    }
  }
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}
