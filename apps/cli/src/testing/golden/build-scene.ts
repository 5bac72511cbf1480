import { chmodSync, lutimesSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarOf } from '@wherry/core/testing';
import { file } from '@wherry/core/testing/golden';
import { type GoldenCase, isText } from './cases.ts';
import { asksForHelp, commandLine, isUsageError } from './command-line.ts';
import { DIFFERENCES_OF_PROGRAMS } from './differences.ts';
import type { Sandbox } from './sandbox.ts';

/** What every file of a recorded build context has as its time. */
const MODIFIED = new Date('2021-08-31T00:00:00Z');
/** GNU tar writes records of this many bytes. */
const TAR_RECORD = 10_240;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
/** Files of contexts that the recording tells of by their size alone. */
const BINARY: Readonly<Record<string, () => Uint8Array>> = {
  'a.tar': () => Buffer.concat([tarOf(file('q', ''))], TAR_RECORD),
  'a.tar.gz': () => gzipSync(tarOf(file('in/tar', 't'))),
};
/** Modes that show only in what the recorded build printed. */
const MODES: Readonly<Record<string, number>> = { 'copy-exec-bit/p': 0o600, 'copy-exec-bit/s.sh': 0o755 };
/** A Dockerfile beside the contexts, of which the setup of one case tells. */
const OUTSIDE = { path: '/tmp/ctx/Dockerfile.out', text: 'FROM ubuntu:18.04\nCOPY a /a\n' };
/** The context that a case's standard input is told of as. */
const CONTEXT_ON_STDIN = /^tar with Dockerfile /;

/** Whether a case builds something. */
export function isBuild(recorded: GoldenCase): boolean {
  const line = commandLine(recorded.argv);
  return line.spec?.name === 'build' && !isUsageError(recorded) && !asksForHelp(line);
}

/** Whether a case of builds starts a program of an image, or finds what one did. */
export function buildRunsProgram(recorded: GoldenCase): boolean {
  // What other commands look at was built with programs.
  if (!isBuild(recorded)) return recorded.file === 'build';
  const { argv, files = {}, stdin = '' } = recorded;
  const hasRun = [...Object.values(files), stdin].some((text) => /^run\b/im.test(text));
  // Some of what Docker refuses is built here.
  if (Object.hasOwn(DIFFERENCES_OF_PROGRAMS, recorded.id)) return true;
  return hasRun && (argv.includes('-q') || /^Step \d+\/\d+ : RUN\b/im.test(toldBy(recorded)));
}

/** Puts a case's context where the recording had it; `placed` gives texts this run's addresses. */
export function putContext(recorded: GoldenCase, sandbox: Sandbox, placed: (text: string) => string): void {
  const { argv, cwd, files = {}, name } = recorded;
  const directory = sandbox.placed(cwd ?? '/tmp');
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    const link = /^-> (.*)$/.exec(text)?.[1];
    if (link === undefined) {
      sandbox.writeFile(target, BINARY[path]?.() ?? placed(text));
      chmodSync(target, MODES[`${name}/${path}`] ?? FILE_MODE);
    } else symlinkSync(link, target);
  }
  for (const path of Object.keys(files))
    for (let at = path; at !== '.'; at = dirname(at)) {
      if (at !== path) chmodSync(join(directory, at), DIRECTORY_MODE);
      lutimesSync(join(directory, at), MODIFIED, MODIFIED);
    }
  if (argv.includes(OUTSIDE.path)) sandbox.writeFile(sandbox.placed(OUTSIDE.path), OUTSIDE.text);
}

/** The archive that a case has as its standard input, if it has one. */
export function contextOnStdin({ stdin = '' }: GoldenCase): Uint8Array | undefined {
  if (!CONTEXT_ON_STDIN.test(stdin)) return undefined;
  const tar = tarOf(file('Dockerfile', 'FROM ubuntu:18.04\nCOPY f /ff\n'), file('f', 'f\n'));
  return Buffer.concat([tar], TAR_RECORD);
}

/**
 * The build that made what a case finds: its own, where it takes every step from the cache, else the one before it;
 * for other commands that of the image they are about.
 */
export function buildBefore(recorded: GoldenCase, cases: readonly GoldenCase[]): GoldenCase | undefined {
  const { argv, client, file: name } = recorded;
  if (name !== 'build') return undefined;
  const builds = cases.filter((one) => one.file === name && one.client === client && isBuild(one));
  if (!isBuild(recorded))
    return builds.find((one) => argv.some((word) => word.includes(':') && one.argv.includes(word)));
  const told = toldBy(recorded);
  if (!told.includes(' ---> Using cache')) return undefined;
  return told.includes(' ---> Running in') || /COPY[^\n]*\n ---> \w{12}\n/.test(told)
    ? builds[builds.indexOf(recorded) - 1]
    : { ...recorded, argv: withoutTag(argv) };
}

/**
 * Takes the size of a context out of a text where Docker counts what it adds to one: a Dockerfile from elsewhere, files
 * that the ignore file keeps out and that are read all the same; or where it counts an archive as it comes, or packs one.
 */
export function withoutOtherSize({ argv, files = {}, stdin = '' }: GoldenCase, text: string): string {
  const isOther =
    argv.some(
      (word) => word === OUTSIDE.path || word === '--compress' || (word === '-' && argv.includes('-f')),
    ) ||
    files['.dockerignore'] !== undefined ||
    CONTEXT_ON_STDIN.test(stdin);
  return isOther ? text.replace(/^(Sending build context to Docker daemon) +\S+/m, '$1 <bytes>') : text;
}

function withoutTag(argv: readonly string[]): readonly string[] {
  return argv.filter((word, at) => word !== '-t' && argv[at - 1] !== '-t');
}

function toldBy({ stdout, stderr = [], screen = [] }: GoldenCase): string {
  return [...(isText(stdout) ? (stdout ?? []) : []), ...stderr, ...screen].join('\n');
}
