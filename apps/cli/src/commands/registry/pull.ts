import {
  type Engine,
  familiarName,
  familiarRepository,
  formatPlatform,
  formatReference,
  type ProgressEvent,
  type PullCheck,
  type PullRequest,
  type PullResult,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plain, plainly } from '../../errors.ts';
import { NEWER_EXIT_CODE } from '../../exit-codes.ts';
import { chosenFormat } from '../../output/format.ts';
import { openProgress, PULL_WORDS } from '../../output/progress.ts';
import { PullReport, withoutTag } from '../../output/pull-report.ts';
import { ENDPOINT_LISTING, endpointUrl } from '../../output/rows/endpoint-row.ts';
import { PULL_CHECK_LISTING, PULL_LISTING } from '../../output/rows/pull-row.ts';
import { warningsTo } from '../../output/warnings.ts';
import { platformFlag } from '../platform-flag.ts';
import { asksForContentTrust } from './content-trust.ts';

const CHECK_WORDS = {
  'up-to-date': 'up to date',
  newer: 'newer image available',
  'not-here': 'not here',
} as const satisfies Record<PullCheck['status'], string>;
/** Flags that say what to fetch: a check compares what is here, whatever that is. */
const NOT_WITH_CHECK = ['all-platforms', 'all-tags', 'disable-content-trust', 'explain', 'platform'] as const;

/** `wherry pull`: an image, or all tags of a repository. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const named = await plainly(() => parseReference(context.args[0] ?? ''));
  const isNameOnly = named.tag === undefined && named.digest === undefined;
  const allTags = flags.bool('all-tags');
  if (allTags && !isNameOnly) throw new CommandError("tag can't be used with --all-tags/-a");
  const ref = allTags ? named : withDefaultTag(named);
  if (flags.bool('check')) return await check(context, ref);
  if (flags.bool('explain')) return await explain(context, ref);
  const format = await chosenFormat(flags, PULL_LISTING);
  const quiet = flags.bool('quiet') || format !== undefined;
  if (isNameOnly && !allTags && !quiet) io.stdout.write('Using default tag: latest\n');
  const request: PullRequest = {
    ref,
    ...platformFlag(flags, io.env),
    ...(flags.bool('all-platforms') ? { allPlatforms: true } : {}),
    ...(asksForContentTrust(flags, io.env) ? { verify: true } : {}),
  };
  const engine = await context.engine();
  const results = quiet
    ? await fetchQuietly(engine, request, context)
    : await fetchAloud(engine, request, context);
  if (!quiet) printStatus(results, ref, context);
  io.stdout.write(format?.(results) ?? `${formatReference(ref)}\n`);
  return 0;
}

/** Pulls one image, and tells of it as `pull` does. */
export async function pullAloud(
  engine: Engine,
  request: PullRequest,
  context: CommandContext,
): Promise<void> {
  printStatus(await fetchAloud(engine, request, context), request.ref, context);
}

function isAllTags({ ref }: PullRequest): boolean {
  return ref.tag === undefined && ref.digest === undefined;
}

async function fetchQuietly(
  engine: Engine,
  request: PullRequest,
  context: CommandContext,
): Promise<PullResult[]> {
  const options = { signal: context.signal, onProgress: warningsTo(context.io) };
  return isAllTags(request)
    ? await engine.pullAllTags(request, options)
    : [await engine.pull(request, options)];
}

async function fetchAloud(
  engine: Engine,
  request: PullRequest,
  context: CommandContext,
): Promise<PullResult[]> {
  const display = openProgress(context.io, PULL_WORDS);
  const report = new PullReport(display);
  const options = { signal: context.signal, onProgress: (event: ProgressEvent) => report.add(event) };
  try {
    const results = isAllTags(request)
      ? await engine.pullAllTags(request, options)
      : [await engine.pull(request, options)];
    report.finishTag();
    return results;
  } catch (error) {
    // Docker's daemon has begun its answer by now: what fails later comes without the prefix.
    throw report.isBegun ? plain(error) : error;
  }
}

function printStatus(results: readonly PullResult[], ref: Reference, { io }: CommandContext): void {
  const isNew = results.some(({ status }) => status === 'downloaded');
  const shown = familiarName(withoutTag(ref));
  io.stdout.write(`Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${shown}\n`);
  for (const { platformMismatch } of results) {
    if (platformMismatch === undefined) continue;
    const { wanted, actual } = platformMismatch;
    io.stdout.write(
      `WARNING: image with reference ${formatReference(repositoryOf(ref))} was found but does not match the ` +
        `specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}\n`,
    );
  }
}

async function check({ engine, flags, io, signal }: CommandContext, ref: Reference): Promise<number> {
  const other = NOT_WITH_CHECK.find((name) => flags.changed(name));
  if (other !== undefined) throw new CommandError(`--check can't be used with --${other}`);
  const format = await chosenFormat(flags, PULL_CHECK_LISTING);
  const found = await (await engine()).checkPull({ ref }, { signal });
  const { status } = found;
  if (format !== undefined) io.stdout.write(format([found]));
  else if (!flags.bool('quiet')) io.stdout.write(`${familiarName(ref)}: ${CHECK_WORDS[status]}\n`);
  return status === 'up-to-date' ? 0 : NEWER_EXIT_CODE;
}

async function explain(context: CommandContext, ref: Reference): Promise<number> {
  const format = await chosenFormat(context.flags, ENDPOINT_LISTING);
  const engine = await context.engine();
  const endpoints = await engine.explainPull(ref);
  if (format !== undefined) {
    context.io.stdout.write(format(endpoints));
    return 0;
  }
  context.io.stdout.write(`${familiarRepository(ref)} is asked for at, in this order:\n`);
  for (const [index, endpoint] of endpoints.entries())
    context.io.stdout.write(
      `${index + 1}. ${endpointUrl(endpoint)} (${endpoint.role}): ${endpoint.reason}\n`,
    );
  return 0;
}
