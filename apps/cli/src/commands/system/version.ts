import { formatPlatform, hostPlatform, type Platform, VERSION } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { BAD_TEMPLATE_EXIT_CODE } from '../../exit-codes.ts';
import { alignColumns } from '../../output/table.ts';

/** Docker's: `tabwriter.NewWriter(out, 20, 1, 1, ' ', 0)`. */
const SPACING = { minWidth: 20, padding: 1 };

/** `wherry version`. There is no server to ask: the command is all there is. */
export async function run({ flags, io }: CommandContext): Promise<number> {
  const { node, sqlite } = process.versions;
  const platform = { ...hostPlatform(process.platform, process.arch), os: process.platform };
  const format = flags.string('format');
  if (format) return await runFormat(format, platform, io);
  const rows = [
    ['Version', VERSION],
    ['Node.js version', node],
    ['SQLite version', sqlite ?? 'unknown'],
    ['OS/Arch', formatPlatform(platform)],
  ];
  io.stdout.write(`Client:\n${rows.map(([name, value]) => ` ${`${name}:`.padEnd(18)} ${value}\n`).join('')}`);
  return 0;
}

async function runFormat(format: string, platform: Platform, io: CommandContext['io']): Promise<number> {
  const [{ formatObject, parseFormat }, { versionValue }] = await Promise.all([
    import('../../output/template.ts'),
    import('../../output/go-types/version-info.ts'),
  ]);
  const template = parseFormat(format, { name: 'version', exitCode: BAD_TEMPLATE_EXIT_CODE });
  const { node, sqlite = '' } = process.versions;
  const { text, fault } = formatObject(
    template,
    versionValue({
      Version: VERSION,
      NodeVersion: node,
      SqliteVersion: sqlite,
      Os: platform.os === 'win32' ? 'windows' : platform.os,
      Arch: platform.architecture,
    }),
  );
  io.stdout.write(
    alignColumns(
      text.split('\n').map((line) => line.split('\t')),
      SPACING,
    ),
  );
  if (fault !== undefined) throw fault;
  return 0;
}
