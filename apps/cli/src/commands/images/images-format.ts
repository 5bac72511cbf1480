import { readImagesFormat } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { TABLE } from '../../output/listing.ts';

/** The format of `wherry images`: what the user gives, else what Docker's configuration says, else a table. */
export async function imagesFormat({ flags, globals, io }: CommandContext): Promise<string> {
  const given = flags.string('format');
  if (given) return given;
  if (flags.bool('quiet')) return TABLE;
  const config = globals.string('config');
  // wherry's own file says nothing of Docker's directory.
  const dockerConfigDir = config?.endsWith('.toml') ? undefined : config;
  const configured = await readImagesFormat({ env: io.env, ...(dockerConfigDir && { dockerConfigDir }) });
  return configured ?? TABLE;
}
