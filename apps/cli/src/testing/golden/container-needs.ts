import { spawnSync } from 'node:child_process';
import type { RecordedImages } from '@wherry/core/testing/golden';
import type { CommandSpec } from '../../command.ts';
import { GROUPS } from '../../program.ts';
import { buildRunsProgram } from './build-scene.ts';
import type { GoldenCase } from './cases.ts';
import { asksForHelp, commandLine, isUsageError } from './command-line.ts';

/** What starts a program. */
const STARTS = new Set(['attach', 'exec', 'restart', 'run', 'start', 'top']);
/** What a start fails with; what else ends with the code of a refusal was refused before. */
const FAILED_START = /OCI runtime |unable to find (?:user|group) |Cannot mkdir: /;
const REFUSED = 125;
const REFUSALS = /No such container: |is not running|is not a TTY|requires at least/;

/** Whether a command line is about containers, or what it prints depends on those that there are. */
export function isOfContainers(recorded: GoldenCase): boolean {
  const { argv, state_before: before } = recorded;
  const spec = workOf(recorded);
  if (spec === undefined) return false;
  if (argv[0] === 'container' || spec.alsoKnownAs?.some((name) => name.startsWith('container '))) return true;
  const containers = before?.containers ?? [];
  if (containers.length === 0) return false;
  return argv.some((word) => /^(?:rmi|rm|remove|prune)$/.test(word)) || looksIntoContainer(recorded);
}

/** Whether a case starts a program of an image, or acts on one that runs. */
export function runsProgram(recorded: GoldenCase): boolean {
  const { argv, exit, stderr = [], state_before: before } = recorded;
  const spec = workOf(recorded);
  if (spec === undefined) return false;
  if (spec.name === 'build' || recorded.file === 'build') return buildRunsProgram(recorded);
  const told = stderr.join('\n');
  if (STARTS.has(spec.name)) return exit === REFUSED ? FAILED_START.test(told) : !REFUSALS.test(told);
  // Lists and refusals need only know that it runs.
  return exit === 0 && (before?.containers ?? []).some((line) => isAlive(line) && isNamed(line, argv));
}

/** Why a case that is about containers cannot be replayed; `undefined` when it can. */
export function whyContainersAreMissing(recorded: GoldenCase, images: RecordedImages): string | undefined {
  if (!isOfContainers(recorded) && !runsProgram(recorded)) return undefined;
  if (process.platform !== 'linux') return 'containers need Linux';
  const { spec, rest } = commandLine(recorded.argv);
  if (looksIntoContainer(recorded) && !isOffered('container', 'inspect')) return 'the command is not offered';
  if (publishes(spec?.flags ?? [], rest)) return 'an option is not offered';
  if (rest.some(isNamedVolume) && !isOffered('volume')) return 'it needs volumes';
  if (!runsProgram(recorded)) return undefined;
  if (images.areStandIns) return 'its images have programs';
  return hasRuntime() ? undefined : 'it needs a runtime';
}

/** The command, unless all that it does is print a usage. */
function workOf(recorded: GoldenCase): CommandSpec | undefined {
  const line = commandLine(recorded.argv);
  return isUsageError(recorded) || asksForHelp(line) ? undefined : line.spec;
}

function isAlive(line: string): boolean {
  return / state=(?:running|paused)$/.test(line);
}

function isNamed(line: string, argv: readonly string[]): boolean {
  const [, id = '', name = ''] = /^(\w+) \/(\S+)/.exec(line) ?? [];
  return argv.includes(name) || argv.includes(id);
}

function looksIntoContainer({ argv, state_before: before }: GoldenCase): boolean {
  const takesAnyType = argv[0] === 'inspect' && !argv.includes('image');
  return takesAnyType && (before?.containers ?? []).some((line) => isNamed(line, argv));
}

/** The flag is read to be refused as long as it is hidden. */
function publishes(flags: CommandSpec['flags'], rest: readonly string[]): boolean {
  const isHidden = flags.some(({ name, hidden }) => name === 'publish' && hidden);
  return isHidden && rest.some((word) => /^(?:-p|-P|--publish\b.*)$/.test(word));
}

function isNamedVolume(word: string, at: number, rest: readonly string[]): boolean {
  return /^(?:-v|--volume)$/.test(rest[at - 1] ?? '') && /^\w[\w.-]*:/.test(word);
}

function isOffered(group: string, command?: string): boolean {
  const commands = GROUPS.find(({ name }) => name === group)?.commands;
  return commands !== undefined && (command === undefined || commands.some(({ name }) => name === command));
}

let isRuntimeThere: boolean | undefined;

/** The runtime that the recorded engine had, whose messages show, and the rights to use it. */
function hasRuntime(): boolean {
  isRuntimeThere ??= process.geteuid?.() === 0 && spawnSync('runc', ['--version']).status === 0;
  return isRuntimeThere;
}
