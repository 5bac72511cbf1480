import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildResult, formatReference } from '@wherry/core';
import { fileError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';

/**
 * The files of `--iidfile` and `--metadata-file`. What an earlier build left there goes at once, as with Docker: it
 * would be taken for this one's. Each appears whole or not at all.
 */
export async function openResultFiles(flags: Flags): Promise<{ write(result: BuildResult): Promise<void> }> {
  const [idPath, metadataPath] = [flags.string('iidfile'), flags.string('metadata-file')];
  for (const path of [idPath, metadataPath]) if (path) await removeOld(path);
  return {
    async write(result) {
      if (idPath && result.id !== undefined) await writeWhole(idPath, result.id);
      if (metadataPath)
        await writeWhole(metadataPath, `${JSON.stringify(metadataOf(result), undefined, 2)}\n`);
    },
  };
}

/** Under the names that BuildKit's clients use. */
function metadataOf({ id, target, names }: BuildResult): object {
  return {
    ...(id !== undefined && { 'containerimage.config.digest': id }),
    ...(target !== undefined && {
      'containerimage.descriptor': target,
      'containerimage.digest': target.digest,
    }),
    ...(names.length > 0 && { 'image.name': names.map(formatReference).join(',') }),
  };
}

async function removeOld(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw fileError(error, 'remove', path);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.wherry_temp_${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, 'write', path);
  }
}
