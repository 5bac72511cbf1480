import { spawnSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarOf } from '../tar-fixtures.ts';
import { type ClassicImage, classicArchive, file, recordedImage } from './archives.ts';
import { type RecordedImages, sha256 } from './recorded-images.ts';

const UBUNTU_18 = '68564a3a51fc';
const UBUNTU_20 = '038af0ac4629';
const HELLO_WORLD = '977b8b4966d5';

/** The files that recorded commands read, by name: made when asked for, as the recording describes them. */
const FILES: Readonly<Record<string, (images: RecordedImages) => Uint8Array>> = {
  'u.tar': (images) => classicArchive(recordedImage(images, UBUNTU_18, ['ubuntu:18.04'])),
  'u20.tar': (images) => classicArchive(recordedImage(images, UBUNTU_20, ['ubuntu:20.04'])),
  'u.tar.gz': (images) => gzipSync(make('u.tar', images), { level: 1 }),
  'u.tar.xz': (images) => packed('xz', make('u.tar', images)),
  'u.tar.bz2': (images) => packed('bzip2', make('u.tar', images)),
  'u.tar.zst': (images) => zstdCompressSync(make('u.tar', images)),
  'two.tar': (images) =>
    classicArchive(
      recordedImage(images, UBUNTU_18, ['ubuntu:18.04']),
      recordedImage(images, HELLO_WORLD, ['hello-world:latest', 'hw:2']),
    ),
  'id.tar': (images) => classicArchive(recordedImage(images, HELLO_WORLD, null)),
  'bad.tar': () => Buffer.alloc(10_240, 'this is not a tar archive\n'),
  'trunc.tar': (images) => make('u.tar', images).subarray(0, 100_000),
  'badjson.tar': () => tarOf(file('manifest.json', '[{"Config":')),
  'nocfg.tar': () => classicArchive({ ...tiny(['x:1']), configPath: 'c.json' }),
  'nolayers.tar': () => tarOf(file('c.json', tiny(null).config), manifest('c.json', ['x:1'], [])),
  'nulltags.tar': () => classicArchive(tiny(null)),
  'badtag.tar': () => classicArchive(tiny(['BAD:x'])),
  'escape.tar': () => classicArchive({ ...tiny(['x:1']), configPath: '../../../../etc/hostname' }),
  'oci.tar': () => ociLayout(),
  'ocim.tar': () => ociLayout(manifest('blobs/sha256/config', ['oci:2'], ['blobs/sha256/layer'])),
  'rootfs.tar': () =>
    tarOf({ name: 'etc/', type: 'directory', mode: 0o755 }, file('etc/hello', 'hello\n'), {
      name: 'bin',
      type: 'symlink',
      link: 'etc',
    }),
  'rootfs.tar.gz': (images) => gzipSync(make('rootfs.tar', images)),
  'rootfs.tar.xz': (images) => packed('xz', make('rootfs.tar', images)),
  'rootfs.tar.bz2': (images) => packed('bzip2', make('rootfs.tar', images)),
  'Df.remote': () => Buffer.from('FROM ubuntu:18.04\nENV url=1\n'),
  'remote.txt': () => Buffer.from('remote\n'),
  empty: () => new Uint8Array(0),
  'empty.tar': () => tarOf(),
};

/** The file of that name; `undefined`: the recording has none. */
export function makeFile(name: string, images: RecordedImages): Uint8Array | undefined {
  return Object.hasOwn(FILES, name) ? FILES[name]?.(images) : undefined;
}

/** An image of one file with one byte, as the recording's odd archives have. */
export function tiny(names: readonly string[] | null): ClassicImage {
  const layer = tarOf(file('f', 'x'));
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
  };
  return { names, config: Buffer.from(JSON.stringify(config)), layers: [layer] };
}

function make(name: string, images: RecordedImages): Uint8Array {
  const made = makeFile(name, images);
  if (made === undefined) throw new Error(`no file ${name}`);
  return made;
}

function manifest(config: string, names: readonly string[], layers: readonly string[]) {
  return file('manifest.json', JSON.stringify([{ Config: config, RepoTags: names, Layers: layers }]));
}

function ociLayout(dockerManifest?: ReturnType<typeof file>): Uint8Array {
  const { config, layers } = tiny(null);
  const layer = layers[0] ?? new Uint8Array(0);
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: sha256(bytes),
    size: bytes.length,
  });
  const document = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: describe('config.v1+json', config),
      layers: [describe('layer.v1.tar', layer)],
    }),
  );
  const index = { schemaVersion: 2, manifests: [describe('manifest.v1+json', document)] };
  const blob = (bytes: Uint8Array) => file(`blobs/sha256/${sha256(bytes).slice('sha256:'.length)}`, bytes);
  const named = dockerManifest && {
    ...dockerManifest,
    content: String(dockerManifest.content)
      .replace('blobs/sha256/config', blob(config).name)
      .replace('blobs/sha256/layer', blob(layer).name),
  };
  return tarOf(
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    ...[config, layer, document].map(blob),
    ...(named === undefined ? [] : [named]),
  );
}

/** The program that a file is made with, when this system does not have it. */
export function missingProgram(name: string): string | undefined {
  const program = name.endsWith('.xz') ? 'xz' : name.endsWith('.bz2') ? 'bzip2' : undefined;
  return program !== undefined && spawnSync(program, ['--help']).error !== undefined ? program : undefined;
}

/** Packs by a program that nearly every system has: Node writes neither format. */
function packed(program: 'xz' | 'bzip2', bytes: Uint8Array): Uint8Array {
  const { stdout, error } = spawnSync(program, ['-c'], { input: bytes, maxBuffer: 1 << 26 });
  if (error !== undefined) throw error;
  return stdout;
}
