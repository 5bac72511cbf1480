import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BLOCK = 512;

/** Writes a docker-archive of `count` images, each one file of a few bytes; without names they are dangling. */
export async function tinyArchive(path: string, count: number, isNamed = true): Promise<void> {
  const directory = mkdtempSync(join(dirname(path), 'tiny-'));
  const manifest: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const layer = `layer-${i}.tar`;
    const tar = tarOfOne('file', `image ${i}\n`);
    writeFileSync(join(directory, layer), tar);
    const config = JSON.stringify({
      created: new Date(1_600_000_000_000 + i * 1000).toISOString(),
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
    });
    const name = `${sha256(config)}.json`;
    writeFileSync(join(directory, name), config);
    const names = isNamed ? [`tiny/image-${i}:1`] : null;
    manifest.push({ Config: name, RepoTags: names, Layers: [layer] });
  }
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  must('tar', ['-C', directory, '-cf', path, '.']);
  rmSync(directory, { recursive: true });
}

/** A tar of one small file. POSIX ustar. */
function tarOfOne(name: string, content: string): Buffer {
  const tar = Buffer.alloc(4 * BLOCK);
  tar.write(name, 0);
  tar.write('0000644\x000000000\x000000000\0', 100);
  tar.write(`${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
  tar.write('        0', 148);
  tar.write('ustar\u000000', 257);
  const sum = tar.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  tar.write(content, BLOCK);
  return tar;
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function must(command: string, args: string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr}`);
}
