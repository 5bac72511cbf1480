import { stat } from 'node:fs/promises';
import {
  type BuildContext,
  type BuildDockerfile,
  type BuildSecret,
  type BuildSshAgent,
  isErrno,
  type NamedContext,
  parseReference,
} from '@wherry/core';
import { CommandError } from '../../../errors.ts';
import type { Flags } from '../../../flags.ts';
import type { Io } from '../../../io.ts';
import { badFlag, Fields } from './fields.ts';

/** docker/cli, `urlutil`: what its builder takes for a repository. */
const GIT_URL = /^(?:git:\/\/|ssh:\/\/|git@|github\.com\/)|^https?:\/\/[^#]*\.git(?:#.*)?$/i;
const HTTP_URL = /^https?:\/\//i;

/** What the operand of `build` stands for: a directory that is there comes before a URL, as with Docker. */
export async function contextOf(operand: string, io: Io): Promise<BuildContext> {
  // Standard input is opened when somebody looks at it, which takes as long as the rest of a small command's start.
  if (operand === '-') return { kind: 'stream', source: io.stdin };
  const directory: BuildContext = { kind: 'directory', path: operand };
  return (await isDirectory(operand)) ? directory : (remoteContext(operand) ?? directory);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    // What is wrong with it is told by who opens it. A URL may be too long for a path.
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP')) return false;
    throw error;
  }
}

function remoteContext(text: string): BuildContext | undefined {
  if (GIT_URL.test(text)) return { kind: 'git', url: text };
  return HTTP_URL.test(text) ? { kind: 'url', url: text } : undefined;
}

/** `--file`; `-` is standard input, which can be one thing only. */
export function dockerfileFlag(
  flags: Flags,
  context: BuildContext,
  io: Io,
): { readonly dockerfile?: BuildDockerfile } {
  const path = flags.string('file') ?? '';
  if (path === '') return {};
  if (path !== '-') return { dockerfile: { kind: 'file', path } };
  if (context.kind === 'stream')
    throw new CommandError("invalid argument: can't use stdin for both build context and dockerfile");
  return { dockerfile: { kind: 'stream', source: io.stdin } };
}

/** `--build-context NAME=VALUE`. Throws `FlagError`. */
export function namedContexts(flags: Flags): Readonly<Record<string, NamedContext>> {
  return Object.fromEntries(
    flags.list('build-context').map((text) => {
      const equals = text.indexOf('=');
      if (equals <= 0) throw badFlag(text, '--build-context', `${text} must be formatted as name=value`);
      return [text.slice(0, equals).toLowerCase(), namedContextOf(text, text.slice(equals + 1))];
    }),
  );
}

function namedContextOf(text: string, value: string): NamedContext {
  const [, scheme, rest = ''] = /^(docker-image|oci-layout|target):\/\/(.*)$/s.exec(value) ?? [];
  try {
    if (scheme === 'docker-image') return { kind: 'image', ref: parseReference(rest) };
    if (scheme === 'oci-layout') return layoutOf(rest);
  } catch (error) {
    throw badFlag(text, '--build-context', error instanceof Error ? error.message : String(error));
  }
  if (scheme === 'target') throw badFlag(text, '--build-context', 'there are no targets but with bake');
  return remoteContext(value) ?? { kind: 'directory', path: value };
}

/** `path`, `path:tag`, `path@digest`: a reference's tag and digest, behind any path. */
function layoutOf(text: string): NamedContext {
  const [, path = '', suffix = ''] = /^(.*?)((?::[\w][\w.-]{0,127})?(?:@\w+:\w+)?)$/s.exec(text) ?? [];
  const { tag, digest } = parseReference(`layout${suffix}`);
  return {
    kind: 'layout',
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** `--secret id=…,src=…`, or `env=…`. Without either the variable of that name, else the file. Throws `FlagError`. */
export function secretFlags(flags: Flags, env: Io['env']): readonly BuildSecret[] {
  return flags.list('secret').map((text) => {
    const fields = new Fields(text, '--secret');
    const type = fields.take('type');
    const id = fields.take('id');
    const path = fields.take('src', 'source');
    const variable = fields.take('env');
    fields.finish();
    if (type !== undefined && type !== 'file' && type !== 'env')
      throw fields.fault(`unsupported secret type ${JSON.stringify(type)}`);
    if (!id) throw fields.fault('a secret needs an id');
    if (path !== undefined && variable !== undefined && type !== 'file')
      throw fields.fault('a secret comes from a file or from a variable');
    const name = variable ?? (type === 'env' ? (path ?? id) : undefined);
    if (name !== undefined && type !== 'file') return { id, from: { kind: 'env', name } };
    if (path === undefined && type === undefined && env[id] !== undefined)
      return { id, from: { kind: 'env', name: id } };
    return { id, from: { kind: 'file', path: path ?? id } };
  });
}

/** `--ssh default`, or `id=socket`, or `id=key,key`. Throws `FlagError`. */
export function sshFlags(flags: Flags): readonly BuildSshAgent[] {
  return flags.list('ssh').map((text) => {
    const [id = '', ...rest] = text.split('=');
    const paths = rest.join('=').split(',').filter(Boolean);
    if (id === '') throw badFlag(text, '--ssh', 'an agent needs an id');
    return { id, paths };
  });
}
