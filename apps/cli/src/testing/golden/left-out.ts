import { missingProgram, type RecordedImages } from '@wherry/core/testing/golden';
import type { CommandSpec } from '../../command.ts';
import { DockerCommand } from '../../docker-command.ts';
import { CommandError } from '../../errors.ts';
import { COMMON_COMMANDS, GROUPS, OTHER_COMMANDS } from '../../program.ts';
import { type GoldenCase, isText } from './cases.ts';
import { asksForHelp, commandLine, isUsageError } from './command-line.ts';
import { whyContainersAreMissing } from './container-needs.ts';
import { isHelp, listedNames } from './help-text.ts';

/** What shows of an image how it was made, or what its manifest is. */
const LOOKS_INTO_IMAGES = new Set(['push', 'inspect']);
/** What lists images or containers. */
const LISTS = new Set(['images', 'ps']);
/** What tells of a daemon, and of what only a daemon has. */
const TELLS_OF_DAEMON = new Set(['version', 'info', 'df']);

/**
 * Why a case cannot be replayed; `undefined` when it can. Each reason is a rule: a case comes in by itself
 * when what it needs is offered.
 */
export function whyLeftOut(recorded: GoldenCase, images: RecordedImages): string | undefined {
  const { argv } = recorded;
  if (recorded.supersededBy !== undefined) return 'another client has the case too';
  if (/^-/.test(argv[0] ?? '') && !/^(?:--config|--help|--version|-v)$/.test(argv[0] ?? ''))
    return 'an option of the daemon is not offered';
  const line = commandLine(argv);
  const { spec, rest } = line;
  const told = toldBy(recorded);
  if (isHelp(told) || asksForHelp(line)) return whyHelpIsLeftOut(told, spec);
  if (isNoCommand(told) || /^(?:--version|-v)$/.test(argv[0] ?? '')) return undefined;
  if (spec === undefined) return 'the command is not offered';
  if (isUsageError(recorded)) return undefined;
  if (!isOffered(told, spec, rest)) return 'an option is not offered';
  return whyStateIsMissing(recorded, spec, rest, images);
}

function toldBy({ stdout, stderr, screen }: GoldenCase): string {
  return [...(isText(stdout) ? (stdout ?? []) : []), ...(stderr ?? []), ...(screen ?? [])].join('\n');
}

/** Docker itself knows no such command. */
function isNoCommand(told: string): boolean {
  return /^(?:docker: unknown command: |unknown help topic: )/m.test(told);
}

function whyHelpIsLeftOut(text: string, spec: CommandSpec | undefined): string | undefined {
  const names = listedNames(text);
  if (text.includes('Commands:\n')) {
    const offered = new Set([
      ...[...COMMON_COMMANDS, ...OTHER_COMMANDS, ...GROUPS].map(({ name }) => name),
      ...GROUPS.flatMap(({ commands }) => commands.map(({ name }) => name)),
    ]);
    const commands = names.filter((name) => !name.startsWith('-'));
    return commands.every((name) => offered.has(name)) ? undefined : 'it lists a command that is not offered';
  }
  if (spec === undefined) return 'the command is not offered';
  const flags = new Set(spec.flags.map(({ name }) => name));
  const isKnown = (name: string) => flags.has(/--([\w-]+)/.exec(name)?.[1] ?? '');
  return names.every(isKnown) ? undefined : 'an option is not offered';
}

function whyStateIsMissing(
  recorded: GoldenCase,
  spec: CommandSpec,
  rest: readonly string[],
  images: RecordedImages,
): string | undefined {
  const { env, exit, file, setup = '', state_before: before } = recorded;
  const told = toldBy(recorded);
  const lines = before?.images ?? [];
  if (file === 'build' && LISTS.has(spec.name)) return 'it lists what all builds of the recording made';
  if (TELLS_OF_DAEMON.has(spec.name) || env?.DOCKER_HOST !== undefined) return 'it tells of the daemon';
  if (told.includes('requires API version')) return 'the recorded daemon is too old for an option';
  if (told.includes('notary server')) return 'content trust is not offered';
  if (setup.startsWith('no internet') || rest.some(isForeignHost)) return 'it asks a name server';
  if (exit === 0 && rest.includes('network')) return 'it needs networks';
  if (LOOKS_INTO_IMAGES.has(spec.name) && rest.some((word) => isBuilt(word, lines, images)))
    return 'it looks into what only a build makes';
  const withoutContainers = whyContainersAreMissing(recorded, images);
  if (withoutContainers !== undefined) return withoutContainers;
  const missing = rest.map(missingProgram).find((program) => program !== undefined);
  return missing && `there is no ${missing} here`;
}

/** Whether wherry has the options of a command line that Docker has. */
function isOffered(told: string, spec: CommandSpec, rest: readonly string[]): boolean {
  try {
    const command = new DockerCommand(spec.name).takeFlags(spec.flags);
    (spec.isWrapper ? command.wrap() : command).parseOptions([...rest]);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return told.includes(error.message.slice(0, error.message.indexOf('\n')));
  }
}

/** An upper-case first component is a host's name. */
function isForeignHost(word: string): boolean {
  return /^[a-z]*[A-Z]\w*\//.test(word);
}

function isBuilt(word: string, lines: readonly string[], images: RecordedImages): boolean {
  return lines.some(
    (line) => !images.isRecorded(line) && line.split(/[ ,]+/).includes(word) && !/\bimp:/.test(line),
  );
}
