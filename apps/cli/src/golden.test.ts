import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMON_COMMANDS, GROUPS, OTHER_COMMANDS } from './program.ts';
import { runCli } from './testing/run-cli.ts';

// Recordings of a real client, from a directory beside the checkout.
const GOLDEN = new URL('../../../../shared/golden/', import.meta.url);

interface GoldenCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly tty?: string;
}

function readCases(): GoldenCase[] {
  if (!existsSync(GOLDEN)) return [];
  return readdirSync(GOLDEN)
    .filter((name) => /^[a-z-]+\.json$/.test(name) && !/differences|save-layout|search-server/.test(name))
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8')).cases as GoldenCase[]);
}

function isOurs([first, second]: readonly string[]): boolean {
  const group = GROUPS.find(({ name }) => name === first);
  const commands = group?.commands ?? [...COMMON_COMMANDS, ...OTHER_COMMANDS];
  const name = group === undefined ? first : second;
  return commands.some((spec) => spec.name === name || spec.aliases?.includes(name ?? ''));
}

/** Cases that the command line alone decides. */
function isUsageError({ argv, exit, stderr, tty }: GoldenCase): boolean {
  const text = stderr?.join('\n') ?? '';
  return (
    tty === undefined && exit !== 0 && isOurs(argv) && text.includes('\nUsage:  ') && !text.includes('filter')
  );
}

function asWherry(lines: readonly string[] = []): string {
  return lines.join('\n').replaceAll('docker', 'wherry').replaceAll("SRun 'wherry", "Run 'wherry");
}

/** Commands of which every option is offered, and no other. */
const SAME_HELP = ['tag --help', 'rmi --help', 'login --help', 'image rm --help', 'image tag --help'];

describe.skipIf(!existsSync(GOLDEN))('as the recorded client', () => {
  const cases = readCases();

  test.each(cases.filter(isUsageError))('refuses $argv ($name)', async ({ argv, exit, stdout, stderr }) => {
    const result = await runCli(argv);
    expect({ exit: result.exitCode, stdout: result.stdout, stderr: result.stderr }).toEqual({
      exit,
      stdout: asWherry(stdout),
      stderr: asWherry(stderr),
    });
  });

  test.each(cases.filter(({ argv }) => SAME_HELP.includes(argv.join(' '))))(
    'explains $argv',
    async ({ argv, stdout }) => {
      expect(await runCli(argv)).toMatchObject({ exitCode: 0, stdout: asWherry(stdout), stderr: '' });
    },
  );
});
