import { formatPlatform, type SystemInfo } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { BAD_TEMPLATE_EXIT_CODE } from '../../exit-codes.ts';
import { binarySize } from '../../output/human.ts';
import { oneLine } from '../../output/printable.ts';

/** `wherry info`: the machine, the store and the configuration. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const info = await (await engine()).info();
  const format = flags.string('format');
  if (format) return await runFormat(format, info, io);
  const lines = [
    'Client:',
    ` Version:    ${info.version}`,
    ` Debug Mode: ${io.env.WHERRY_DEBUG ? 'true' : 'false'}`,
    '',
    'Store:',
    ...storeLines(info),
  ];
  io.stdout.write(`${lines.map((line) => `${oneLine(line)}\n`).join('')}\n`);
  return 0;
}

async function runFormat(format: string, info: SystemInfo, io: CommandContext['io']): Promise<number> {
  const [{ formatObject, parseFormat }, { infoValue }] = await Promise.all([
    import('../../output/template.ts'),
    import('../../output/go-types/system-info.ts'),
  ]);
  const template = parseFormat(format, { exitCode: BAD_TEMPLATE_EXIT_CODE });
  const value = infoValue(info, {
    debug: Boolean(io.env.WHERRY_DEBUG),
    platform: formatPlatform(info.platform),
  });
  const { text, fault } = formatObject(template, value);
  io.stdout.write(`${text}\n`);
  if (fault !== undefined) throw fault;
  return 0;
}

function storeLines(info: SystemInfo): string[] {
  return [
    ` Images: ${info.images}`,
    ` Hash Engine: ${info.hashEngine}`,
    ` Node.js Version: ${info.nodeVersion}`,
    ` SQLite Version: ${info.sqliteVersion}`,
    ` Kernel Version: ${info.kernelVersion}`,
    ` Operating System: ${info.operatingSystem}`,
    ` Platform: ${formatPlatform(info.platform)}`,
    ` Architecture: ${info.architecture}`,
    ` CPUs: ${info.cpus}`,
    ` Total Memory: ${binarySize(info.memoryBytes)}`,
    ` Name: ${info.hostname}`,
    ` Root Dir: ${info.root}`,
    ` Configuration File: ${info.configFile}`,
    ...listOf('Insecure Registries', info.insecureRegistries),
    ...listOf('Registry Mirrors', info.registryMirrors),
  ];
}

function listOf(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [` ${title}:`, ...items.map((item) => `  ${item}`)];
}
