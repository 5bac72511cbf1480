import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeImage, lightStack, officialImages, workloadImages } from './images.ts';
import { describeWith } from './needs.ts';
import { run, Sandbox } from './wherry.ts';

const sandbox = new Sandbox({ inMemory: true });
const images = [
  ...workloadImages().filter(({ name }) => name === 'small'),
  ...(await lightStack(sandbox.directory('stack'))),
  ...(await officialImages(sandbox.directory('official'))).filter(({ name }) => name.endsWith('amd64')),
];

afterAll(() => sandbox[Symbol.dispose](), 600_000);

const START_S = Date.now() / 1000;

/**
 * The image for umoci, by way of what `save` writes and of skopeo. That packs all layers again, of a large image for
 * minutes: such a one is read where it is, the store being a layout.
 */
async function layoutOf(root: string, name: string): Promise<string> {
  if (name.startsWith('light-stack:')) return `${root}:${name}`;
  const archive = sandbox.file('saved.tar');
  await sandbox.at(root, 'save', '-o', archive, name);
  const layout = sandbox.directory('layout');
  await run('skopeo', 'copy', '-q', `docker-archive:${archive}:${name}`, `oci:${layout}:it`);
  return `${layout}:it`;
}

/**
 * What umoci finds in a root file system that it unpacked: every file with all that is known of it. Of directories
 * but for what the file system gives them, and for the times of those that no layer has an entry for: the
 * unpacking's own, and in a squashed layer none.
 */
async function unpacked(root: string, name: string): Promise<string> {
  const bundle = join(sandbox.directory('bundle'), 'it');
  await run('umoci', 'unpack', '--image', await layoutOf(root, name), bundle);
  const manifest = (await readdir(bundle)).find((file) => file.endsWith('.mtree')) ?? '';
  const text = await readFile(join(bundle, manifest), 'utf8');
  await rm(bundle, { recursive: true });
  const directory = (line: string, seconds: string) => {
    const isImplied = Number(seconds) === 0 || Number(seconds) > START_S;
    return line.replace(/ size=\d+/, '').replace(isImplied ? /tar_time=.*/ : /$/, '');
  };
  return text.replace(/^#.*$/gm, '').replace(/^.* type=dir .*tar_time=(\d+).*$/gm, directory);
}

describeWith({ programs: ['umoci', 'skopeo'], root: true, linux: true }, 'wherry squash', () => {
  test.each(images)('merges $name into what its layers unpack to', { timeout: 900_000 }, async (image) => {
    const { name } = image;
    const root = sandbox.directory('root');
    await sandbox.at(root, 'load', '-q', '-i', image.dockerArchive ?? image.layout);
    await sandbox.at(root, 'tag', (await describeImage(image)).id, `${name}:1`);
    const id = await sandbox.at(root, 'squash', '-t', `${name}:flat`, `${name}:1`);
    expect(await sandbox.at(root, 'squash', `${name}:1`)).toBe(id);
    const layers = JSON.parse(await sandbox.at(root, 'inspect', `${name}:1`))[0].RootFS.Layers;
    if (layers.length > 2)
      await sandbox.at(root, 'squash', '--from', layers[1], '-t', `${name}:top`, `${name}:1`);
    const squashed = layers.length > 2 ? ['flat', 'top'] : ['flat'];
    const [expected, ...others] = await Promise.all(
      ['1', ...squashed].map((tag) => unpacked(root, `${name}:${tag}`)),
    );
    for (const other of others) expect(other === expected).toBe(true);
    expect(await sandbox.at(root, 'system', 'check')).toContain('no faults');
  });
});
