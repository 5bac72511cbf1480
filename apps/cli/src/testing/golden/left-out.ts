import type { CommandSpec } from '../../command.ts';
import { DockerCommand } from '../../docker-command.ts';
import { CommandError } from '../../errors.ts';
import { COMMON_COMMANDS, GROUPS, OTHER_COMMANDS } from '../../program.ts';
import { type GoldenCase, isText } from './cases.ts';
import { missingProgram } from './files.ts';
import { isRecordedImage } from './recorded-images.ts';

const REPLAYED = new Set([
  'history',
  'images',
  'import',
  'inspect',
  'load',
  'login',
  'logout',
  'ls',
  'pull',
  'push',
  'rm',
  'rmi',
  'save',
  'tag',
]);
/** What shows of an image how it was made, or what the registry makes of it. */
const LOOKS_INTO_IMAGES = new Set(['history', 'push', 'inspect']);
const MAX_LAYER_BYTES = 1e6;

/** A command line as wherry reads it; `spec` absent: no command of wherry's. */
export interface CommandLine {
  readonly spec?: CommandSpec;
  /** What follows the command. */
  readonly rest: readonly string[];
}

export function commandLine(argv: readonly string[]): CommandLine {
  // The one global option that the recordings use.
  const args = argv[0] === '--config' ? argv.slice(2) : argv;
  const group = GROUPS.find(({ name }) => name === args[0]);
  const commands = group?.commands ?? [...COMMON_COMMANDS, ...OTHER_COMMANDS];
  const [name, ...rest] = group === undefined ? args : args.slice(1);
  const spec = commands.find((command) => command.name === name || command.aliases?.includes(name ?? ''));
  return spec === undefined ? { rest } : { spec, rest };
}

/** A command line that Docker refuses before it does anything. */
export function isUsageError({ exit, stderr, tty }: GoldenCase): boolean {
  const text = stderr?.join('\n') ?? '';
  return tty === undefined && exit !== 0 && text.includes('\nUsage:  ') && !text.includes('filter');
}

/**
 * Why a case cannot be replayed; `undefined` when it can. Each reason is a rule: a case comes in by itself
 * when what it needs is offered.
 */
export function whyLeftOut(recorded: GoldenCase): string | undefined {
  const { argv, env, exit, file, setup = '', state_before: before } = recorded;
  if (file === 'build') return 'it shows what a build made';
  if (file === 'help') return 'the help texts have their own test';
  if (argv[0]?.startsWith('-') && argv[0] !== '--config') return 'an option of the daemon';
  const { spec, rest } = commandLine(argv);
  if (spec === undefined) return 'the command is not offered';
  if (isUsageError(recorded)) return undefined;
  if (!REPLAYED.has(spec.name)) return 'the command has other answers';
  if (!isOffered(recorded, spec, rest)) return 'an option is not offered';
  if (env?.DOCKER_HOST !== undefined) return 'there is no daemon that could be down';
  if (setup.startsWith('no internet') || rest.some(isForeignHost)) return 'it asks a name server';
  if (needsContainers(argv, before?.containers ?? [])) return 'it needs containers';
  if (LOOKS_INTO_IMAGES.has(spec.name) && rest.some((word) => isBuilt(word, before?.images ?? [])))
    return 'it looks into what only a build makes';
  if (rest.some((word) => /^(?:--filter=|-f)?label!?=/.test(word)) && hasBuilt(before?.images ?? []))
    return 'it filters by labels that a build gave';
  if (exit === 0 && rest.includes('network')) return 'it needs networks';
  if (rest.some((word) => word.includes('truncate .ID'))) return 'it shows digits of an ID that a build gave';
  const missing = rest.map(missingProgram).find((program) => program !== undefined);
  if (missing !== undefined) return `there is no ${missing} here`;
  if (rest.some((word) => word === 'size' || Number(/^size:(\d+)$/.exec(word)?.[1]) > MAX_LAYER_BYTES))
    return 'a layer is too large';
  return undefined;
}

/** Whether wherry has the options of a command line that Docker has. */
function isOffered({ stderr, stdout }: GoldenCase, spec: CommandSpec, rest: readonly string[]): boolean {
  if (rest.includes('--help')) return false;
  try {
    new DockerCommand(spec.name).takeFlags(spec.flags).parseOptions([...rest]);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const told = [...(stderr ?? []), ...(isText(stdout) ? (stdout ?? []) : [])].join('\n');
    return told.includes(error.message.slice(0, error.message.indexOf('\n')));
  }
}

/** An upper-case first component is a host's name. */
function isForeignHost(word: string): boolean {
  return /^[a-z]*[A-Z]\w*\//.test(word);
}

function needsContainers(argv: readonly string[], containers: readonly string[]): boolean {
  if (containers.length === 0) return false;
  if (argv.some((word) => /^(?:rmi|rm|remove)$/.test(word))) return true;
  const takesAnyType = argv[0] === 'inspect' && !argv.includes('image');
  return takesAnyType && containers.some((line) => argv.includes(/\/(\S+)/.exec(line)?.[1] ?? ''));
}

function hasBuilt(images: readonly string[]): boolean {
  return images.some((line) => !isRecordedImage(line));
}

function isBuilt(word: string, images: readonly string[]): boolean {
  return images.some(
    (line) => !isRecordedImage(line) && line.split(/[ ,]+/).includes(word) && !/\bimp:/.test(line),
  );
}
