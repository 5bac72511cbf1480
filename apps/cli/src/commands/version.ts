import { formatPlatform, hostPlatform, VERSION } from '@wherry/core';
import type { CommandContext } from '../command.ts';

/** `wherry version`. There is no server to ask: the command is all there is. */
export async function run({ io }: CommandContext): Promise<number> {
  const { node, sqlite } = process.versions;
  const rows = [
    ['Version', VERSION],
    ['Node.js version', node],
    ['SQLite version', sqlite ?? 'unknown'],
    ['OS/Arch', formatPlatform({ ...hostPlatform(process.platform, process.arch), os: process.platform })],
  ];
  io.stdout.write(`Client:\n${rows.map(([name, value]) => ` ${`${name}:`.padEnd(18)} ${value}\n`).join('')}`);
  return 0;
}
