import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a docker-archive of `count` images, each one file of a few bytes. */
export async function tinyArchive(path: string, count: number): Promise<void> {
  const directory = mkdtempSync(join(dirname(path), 'tiny-'));
  const manifest: unknown[] = [];
  for (let i = 0; i < count; i++) {
    writeFileSync(join(directory, 'file'), `image ${i}\n`);
    const layer = `layer-${i}.tar`;
    must('tar', [
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '-C',
      directory,
      '-cf',
      join(directory, layer),
      'file',
    ]);
    const diffID = must('sha256sum', [join(directory, layer)]).slice(0, 64);
    const config = JSON.stringify({
      created: new Date(1_600_000_000_000 + i * 1000).toISOString(),
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${diffID}`] },
    });
    const name = `${createHash('sha256').update(config).digest('hex')}.json`;
    writeFileSync(join(directory, name), config);
    manifest.push({ Config: name, RepoTags: [`tiny/image-${i}:1`], Layers: [layer] });
  }
  rmSync(join(directory, 'file'));
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  must('tar', ['-C', directory, '-cf', path, '.']);
  rmSync(directory, { recursive: true });
}

function must(command: string, args: string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr}`);
  return result.stdout;
}
