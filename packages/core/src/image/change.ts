import { WherryError } from '../errors.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { readPorts } from './exposed-ports.ts';
import { parseHealthcheck } from './healthcheck.ts';
import { expandWord, type Variables } from './word.ts';

type Change = (config: ContainerConfig, rest: string, state: ChangeState) => ContainerConfig;

interface ChangeState {
  /** A CMD among these changes; it then survives an ENTRYPOINT. */
  commandSet: boolean;
}

const CHANGES: Readonly<Record<string, Change>> = {
  cmd: changeCommand,
  entrypoint: changeEntrypoint,
  env: changeEnvironment,
  expose: changePorts,
  healthcheck: (config, rest) => ({ ...config, Healthcheck: parseHealthcheck(rest) }),
  label: changeLabels,
  onbuild: changeTriggers,
  user: changeUser,
  volume: changeVolumes,
  workdir: changeWorkingDirectory,
};

/** Bounds the work that ranges of ports can ask for. */
const MAX_TEXT_LENGTH = 1 << 16;

/**
 * Applies Dockerfile instructions to a config, as `docker import --change` and `docker commit --change` do:
 * `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`, `ONBUILD`, `USER`, `VOLUME`, `WORKDIR`. A
 * change may have several lines. Throws `INVALID_ARGUMENT` with Docker's message.
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  if (changes.length === 0) return config;
  const text = changes.join('\n');
  if (text.length > MAX_TEXT_LENGTH) throw invalid(`changes of ${text.length} characters are too long`);
  const instructions = readInstructions(text);
  if (instructions.length === 0) throw invalid('file with no instructions');
  const resolved = instructions.map(({ name, rest }) => {
    const change = Object.hasOwn(CHANGES, name) ? CHANGES[name] : undefined;
    if (change) return { name, rest, change };
    throw invalid(
      `${name} is not a valid change command`,
      `these are: ${Object.keys(CHANGES).join(', ').toUpperCase()}`,
    );
  });
  const state: ChangeState = { commandSet: false };
  return resolved.reduce((result, { name, rest, change }) => {
    if (rest === '' && name !== 'cmd' && name !== 'entrypoint')
      throw invalid(
        `${name.toUpperCase()} requires ${/user|workdir/.test(name) ? 'exactly' : 'at least'} one argument`,
      );
    return change(result, rest, state);
  }, config);
}

interface Instruction {
  /** Lower case. */
  readonly name: string;
  readonly rest: string;
}

/** Joins continued lines and drops comments and empty lines. */
function readInstructions(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  let line = '';
  const finish = () => {
    const [, name = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
    if (name !== '') instructions.push({ name: name.toLowerCase(), rest });
    line = '';
  };
  for (const physical of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(physical)) continue;
    const continued = /\\[ \t]*$/.exec(physical);
    line += continued ? physical.slice(0, continued.index) : physical;
    if (!continued) finish();
  }
  finish();
  return instructions;
}

function changeCommand(config: ContainerConfig, rest: string, state: ChangeState): ContainerConfig {
  state.commandSet = true;
  return { ...config, Cmd: commandLine(rest) };
}

function changeEntrypoint(config: ContainerConfig, rest: string, state: ChangeState): ContainerConfig {
  const { Cmd, Entrypoint: _inherited, ...others } = config;
  const line = rest === '' ? [] : commandLine(rest);
  return {
    ...others,
    ...(line.length > 0 && { Entrypoint: line }),
    // An inherited CMD is meant for the entrypoint it came with.
    ...(state.commandSet && Cmd && { Cmd }),
  };
}

/** The exec form as it is; the shell form handed to a shell. */
function commandLine(rest: string): readonly string[] {
  const list = readStringList(rest);
  if (list !== undefined) return list;
  return rest === '' ? ['/bin/sh', '-c'] : ['/bin/sh', '-c', rest];
}

function changeEnvironment(config: ContainerConfig, rest: string): ContainerConfig {
  const variables = variablesOf(config);
  const env = [...(config.Env ?? [])];
  for (const [key, value] of readPairs(rest, 'ENV')) {
    const name = expandWord(key, variables);
    if (name === '') throw invalid('ENV names can not be blank');
    const entry = `${name}=${expandWord(value, variables)}`;
    const at = env.findIndex((each) => each === name || each.startsWith(`${name}=`));
    if (at < 0) env.push(entry);
    else env[at] = entry;
  }
  return { ...config, Env: env };
}

function changeLabels(config: ContainerConfig, rest: string): ContainerConfig {
  const variables = variablesOf(config);
  const pairs = readPairs(rest, 'LABEL').map(([key, value]) => {
    const name = expandWord(key, variables);
    if (name === '') throw invalid('LABEL names can not be blank');
    return [name, expandWord(value, variables)] as const;
  });
  return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs) } };
}

function changePorts(config: ContainerConfig, rest: string): ContainerConfig {
  const variables = variablesOf(config);
  const specs = splitBlanks(rest).flatMap((word) => splitBlanks(expandWord(word, variables)));
  const ports = new Map(Object.entries(config.ExposedPorts ?? {}));
  for (const spec of specs) for (const port of readPorts(spec)) ports.set(port, {});
  return ports.size === 0 ? config : { ...config, ExposedPorts: Object.fromEntries(ports) };
}

const FORBIDDEN_TRIGGERS = new Set(['FROM', 'MAINTAINER']);

function changeTriggers(config: ContainerConfig, rest: string): ContainerConfig {
  const trigger = (/^\S*/.exec(rest)?.[0] ?? '').toUpperCase();
  if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (FORBIDDEN_TRIGGERS.has(trigger)) throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
  return { ...config, OnBuild: [...(config.OnBuild ?? []), rest] };
}

function changeUser(config: ContainerConfig, rest: string): ContainerConfig {
  return { ...config, User: expandWord(rest, variablesOf(config)) };
}

function changeVolumes(config: ContainerConfig, rest: string): ContainerConfig {
  const variables = variablesOf(config);
  const list = readStringList(rest) ?? splitBlanks(rest);
  if (list.length === 0) throw invalid('VOLUME requires at least one argument');
  const volumes = list.map((text) => {
    const volume = expandWord(text, variables).trim();
    if (volume === '') throw invalid('VOLUME specified can not be an empty string');
    return [volume, {}] as const;
  });
  return { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries(volumes) } };
}

function changeWorkingDirectory(config: ContainerConfig, rest: string): ContainerConfig {
  const wanted = expandWord(rest, variablesOf(config));
  if (wanted === '') throw invalid('cannot normalize nothing');
  return {
    ...config,
    WorkingDir: wanted.startsWith('/') ? wanted : joinPath(config.WorkingDir ?? '', wanted),
  };
}

/** An absolute path of both parts, `.` and `..` resolved. */
function joinPath(base: string, relative: string): string {
  const parts: string[] = [];
  for (const part of `${base}/${relative}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function variablesOf(config: ContainerConfig): Variables {
  return new Map(
    (config.Env ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Reads `name=value …`, or the old `name value` whose value is all the rest. Quotes stay. */
function readPairs(rest: string, instruction: string): [name: string, value: string][] {
  const words = splitWords(rest);
  if (!words[0]?.includes('=')) {
    const [, name = '', value] = /^(\S+)(?:\s+([\s\S]*))?$/.exec(rest) ?? [];
    if (value === undefined) throw invalid(`${instruction} must have two arguments`);
    return [[name, value]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at >= 0) return [word.slice(0, at), word.slice(at + 1)];
    throw invalid(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
  });
}

/** Splits at blanks that are neither quoted nor escaped; quotes and backslashes stay. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += character;
    if (character === '\\' && quote !== "'" && at + 1 < text.length) word += text[++at];
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
  }
  if (word !== '') words.push(word);
  return words;
}

function splitBlanks(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** A JSON list of texts; absent: the text is not JSON. */
function readStringList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!Array.isArray(list)) return undefined;
  if (list.every((item): item is string => typeof item === 'string')) return list;
  throw invalid('when using JSON array syntax, arrays must be comprised of strings only');
}

function invalid(message: string, hint?: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
}
