import type { CommandLine, HealthcheckInstruction, StageInstruction } from '@wherry/dockerfile';
import { WherryError } from '../errors.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { parseSignal } from '../oci/signal.ts';
import { readPorts } from './exposed-ports.ts';
import { goDuration, goQuotedRune, goQuotedStrings } from './go-format.ts';

/** What changes nothing but the config. */
export type ConfigInstruction = Exclude<StageInstruction, { readonly kind: 'run' | 'copy' | 'add' }>;

/** What an instruction made of a config. */
export interface AppliedInstruction {
  readonly config: ContainerConfig;
  /** As Docker's classic builder has it in the history. */
  readonly createdBy: string;
  /** Only of `MAINTAINER`. */
  readonly author?: string;
}

export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];

/**
 * Applies an instruction, its variables expanded, to a config. `hasCommand`: a CMD came before it in the same
 * Dockerfile, which an ENTRYPOINT then leaves in force. Throws `INVALID_ARGUMENT` with Docker's message. BK
 * reference; texts of the history as in MOBY 20.10 `builder/dockerfile/dispatchers.go`.
 */
export function applyInstruction(
  config: ContainerConfig,
  instruction: ConfigInstruction,
  hasCommand: boolean,
): AppliedInstruction {
  const { changes, comment, author, dropsCommand = false } = effectOf(config, instruction, hasCommand);
  const { Cmd: command, ...others } = config;
  const { Entrypoint: entrypoint, ...rest } = {
    ...others,
    ...(command && !dropsCommand && { Cmd: command }),
    ...changes,
  };
  // An empty one takes the inherited one away.
  const changed = entrypoint && entrypoint.length > 0 ? { ...rest, Entrypoint: entrypoint } : rest;
  // Its text stands without the blank that the others have.
  const nop = instruction.kind === 'workdir' ? `#(nop) ${comment}` : `#(nop)  ${comment}`;
  const createdBy = [...(changed.Shell ?? DEFAULT_SHELL), nop].join(' ');
  return { config: changed, createdBy, ...(author !== undefined && { author }) };
}

interface Effect {
  readonly changes: ContainerConfig;
  /** The command of the base is in force no more. */
  readonly dropsCommand?: boolean;
  readonly comment: string;
  readonly author?: string;
}

function effectOf(config: ContainerConfig, instruction: ConfigInstruction, hasCommand: boolean): Effect {
  switch (instruction.kind) {
    case 'env':
      return {
        changes: { Env: withVariables(config.Env ?? [], instruction.variables) },
        comment: `ENV ${pairsText(instruction.variables)}`,
      };
    case 'label':
      return {
        changes: { Labels: { ...config.Labels, ...asRecord(instruction.labels) } },
        comment: `LABEL ${pairsText(instruction.labels)}`,
      };
    case 'arg':
      return { changes: {}, comment: `ARG ${instruction.args.map(argText).join(' ')}` };
    case 'expose':
      return {
        changes: {
          ExposedPorts: { ...config.ExposedPorts, ...asKeys(instruction.ports.flatMap(readPorts)) },
        },
        comment: `EXPOSE ${[...instruction.ports].sort().join(' ')}`,
      };
    case 'volume':
      return {
        changes: { Volumes: { ...config.Volumes, ...asKeys(instruction.volumes) } },
        comment: `VOLUME [${instruction.volumes.join(' ')}]`,
      };
    case 'user':
      return { changes: { User: instruction.user }, comment: `USER ${instruction.user}` };
    case 'workdir': {
      const path = workingDirectory(config.WorkingDir ?? '', instruction.path);
      return { changes: { WorkingDir: path }, comment: `WORKDIR ${path}` };
    }
    case 'stopsignal':
      parseSignal(instruction.signal);
      return { changes: { StopSignal: instruction.signal }, comment: `STOPSIGNAL ${instruction.signal}` };
    case 'maintainer':
      return { changes: {}, comment: `MAINTAINER ${instruction.name}`, author: instruction.name };
    default:
      return commandEffect(config, instruction, hasCommand);
  }
}

/** Of what says how a container runs. */
function commandEffect(
  config: ContainerConfig,
  instruction: Extract<
    ConfigInstruction,
    { kind: 'cmd' | 'entrypoint' | 'shell' | 'healthcheck' | 'onbuild' }
  >,
  hasCommand: boolean,
): Effect {
  switch (instruction.kind) {
    case 'cmd': {
      const words = commandWords(config, instruction.command);
      return { changes: { Cmd: words }, comment: `CMD ${goQuotedStrings(words)}` };
    }
    case 'entrypoint': {
      const words = commandWords(config, instruction.command);
      // An inherited CMD is meant for the entrypoint it came with.
      const dropsCommand = !hasCommand;
      return {
        changes: { Entrypoint: words },
        dropsCommand,
        comment: `ENTRYPOINT ${goQuotedStrings(words)}`,
      };
    }
    case 'shell':
      return { changes: { Shell: instruction.words }, comment: `SHELL [${instruction.words.join(' ')}]` };
    case 'healthcheck':
      return {
        changes: { Healthcheck: healthcheckOf(instruction) },
        comment: `HEALTHCHECK ${healthcheckText(instruction)}`,
      };
    case 'onbuild':
      return {
        changes: { OnBuild: [...(config.OnBuild ?? []), instruction.trigger] },
        comment: `ONBUILD ${instruction.trigger}`,
      };
  }
}

/** The words of a command: those of an exec form as they are, a shell's text handed to the config's shell. */
export function commandWords(config: ContainerConfig, { form, words }: CommandLine): readonly string[] {
  return form === 'exec' ? words : [...(config.Shell ?? DEFAULT_SHELL), ...words];
}

/** The variables with these set: those that are there keep their places. */
export function withVariables(
  env: readonly string[],
  variables: readonly { readonly key: string; readonly value: string }[],
): readonly string[] {
  const result = [...env];
  for (const { key, value } of variables) {
    const at = result.findIndex((each) => each === key || each.startsWith(`${key}=`));
    if (at < 0) result.push(`${key}=${value}`);
    else result[at] = `${key}=${value}`;
  }
  return result;
}

/** Where WORKDIR leads from a directory. Throws `INVALID_ARGUMENT`. */
export function workingDirectory(from: string, path: string): string {
  if (path === '') throw new WherryError('INVALID_ARGUMENT', 'cannot normalize nothing');
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : from}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function healthcheckOf(instruction: HealthcheckInstruction) {
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction;
  return {
    Test: test,
    ...(interval > 0 && { Interval: interval }),
    ...(timeout > 0 && { Timeout: timeout }),
    ...(startPeriod > 0 && { StartPeriod: startPeriod }),
    ...(startInterval > 0 && { StartInterval: startInterval }),
    ...(retries > 0 && { Retries: retries }),
  };
}

/** Go's `%q` of its structure. */
function healthcheckText({ test, interval, timeout, startPeriod, retries }: HealthcheckInstruction): string {
  const times = [interval, timeout, startPeriod].map((time) => `"${goDuration(time)}"`).join(' ');
  return `&{${goQuotedStrings(test)} ${times} ${goQuotedRune(retries)}}`;
}

function pairsText(pairs: readonly { readonly key: string; readonly value: string }[]): string {
  return pairs.map(({ key, value }) => `${key}=${value}`).join(' ');
}

function argText({ key, value }: { readonly key: string; readonly value?: string }): string {
  return value === undefined ? key : `${key}=${value}`;
}

function asRecord(
  pairs: readonly { readonly key: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

function asKeys(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
