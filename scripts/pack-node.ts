import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type TarItem, writeTar } from '@wherry/core/tar';

/** What the fall-back packs of `node_modules` at most. */
const FALLBACK_BYTES = 100e6;

/**
 * Writes a root file system to `path`: the Node.js that runs this and the shared libraries it needs, or,
 * where no `ldd` tells which those are, packages of this checkout. Says in words what was packed.
 */
export async function packNode(path: string): Promise<string> {
  const libraries = sharedLibraries(process.execPath);
  const items = libraries ? nodeItems(libraries) : moduleItems();
  await pipeline(Readable.from(writeTar(items)), createWriteStream(path));
  const megabytes = (statSync(path).size / 1e6).toFixed(0);
  return libraries
    ? `node ${process.versions.node} and ${libraries.length} shared libraries (${megabytes} MB)`
    : `packages of this checkout (${megabytes} MB)`;
}

/** Paths as the dynamic linker wants them; `undefined` where it cannot be asked. */
function sharedLibraries(program: string): string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const { status, stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const found = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, library]) => library ?? []);
  return found.length > 0 ? found : undefined;
}

function* nodeItems(libraries: readonly string[]): Iterable<TarItem> {
  const files = new Map([
    ['/bin/node', process.execPath],
    ...libraries.map((library) => [library, realpathSync(library)] as const),
  ]);
  const directories = new Set<string>(['/tmp']);
  for (const file of files.keys())
    for (let parent = dirname(file); parent !== '/'; parent = dirname(parent)) directories.add(parent);
  for (const directory of [...directories].sort())
    yield { entry: { name: `${directory.slice(1)}/`, type: 'directory' } };
  for (const [name, source] of files) yield fileItem(name.slice(1), source, 0o755);
}

function* moduleItems(): Iterable<TarItem> {
  const root = fileURLToPath(new URL('../node_modules', import.meta.url));
  let left = FALLBACK_BYTES;
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(root, name);
    const stat = lstatSync(path);
    const inTar = `node_modules/${name.split(sep).join('/')}`;
    if (stat.isDirectory()) yield { entry: { name: `${inTar}/`, type: 'directory' } };
    else if (stat.isSymbolicLink())
      yield { entry: { name: inTar, type: 'symlink', link: readlinkSync(path) } };
    else if (stat.isFile() && stat.size <= left) {
      left -= stat.size;
      yield fileItem(inTar, path, 0o644);
    }
  }
}

function fileItem(name: string, source: string, mode: number): TarItem {
  return { entry: { name, type: 'file', mode, size: statSync(source).size }, body: createReadStream(source) };
}
