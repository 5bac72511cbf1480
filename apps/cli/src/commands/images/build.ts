import { setFlagsFromString } from 'node:v8';
import type { BuildEvent, BuildRequest, BuildResult } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { type Io, ioWith } from '../../io.ts';
import { openPrinter, PROGRESS_MODES, type ProgressMode } from '../../output/build/open-printer.ts';
import { QuietPrinter } from '../../output/build/quiet-printer.ts';
import { JSON_PROGRESS, progressOf } from '../../output/json-format.ts';
import { BuildPhase } from './build/build-failure.ts';
import { reportCheck } from './build/check-report.ts';
import { badFlag } from './build/fields.ts';
import { listIgnored } from './build/ignored-list.ts';
import { goesToStdout } from './build/output-flags.ts';
import { buildRequest, isCheck } from './build/request.ts';
import { openResultFiles } from './build/result-files.ts';
import { reportVerified } from './build/verify-report.ts';

const NOTHING = new Uint8Array();

/** `wherry build`: an image, or files, from a Dockerfile. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const mode = progressMode(context);
  const request = await buildRequest(context);
  if (flags.changed('ignored')) return await listIgnored(context, request);
  // What is built goes where the text would go.
  const out = request.outputs?.some(goesToStdout) ? ioWith(io, { stdout: () => io.stderr }) : io;
  if (isCheck(flags)) return await check(context, request, mode, out);
  if (flags.bool('verify')) return await verify(context, request, mode, out);
  const files = await openResultFiles(flags);
  const result = flags.bool('quiet')
    ? await buildQuietly(context, request)
    : await buildAloud(context, request, mode, out);
  await files.write(result);
  return 0;
}

function progressMode({ flags, io }: CommandContext): ProgressMode {
  const text = progressOf(flags, io.env);
  const mode = PROGRESS_MODES.find((known) => known === text);
  if (mode === undefined) throw badFlag(text, '--progress', `use ${PROGRESS_MODES.join(', ')}`);
  return mode;
}

async function buildAloud(
  context: CommandContext,
  request: BuildRequest,
  mode: ProgressMode,
  out: Io,
): Promise<BuildResult> {
  const printer = openPrinter(mode, out);
  try {
    return await build(context, request, (event) => {
      printer.add(event);
      // However it was printed: a program that prints is not faster than its reader.
      return event.kind === 'build-output' ? out.stdout.writeBytes(NOTHING) : undefined;
    });
  } finally {
    printer.close();
  }
}

async function buildQuietly(context: CommandContext, request: BuildRequest): Promise<BuildResult> {
  const printer = new QuietPrinter(context.io);
  try {
    const result = await build(context, request, (event) => printer.add(event));
    if (result.id !== undefined) context.io.stdout.write(`${result.id}\n`);
    return result;
  } catch (error) {
    printer.close();
    printer.tell();
    throw error;
  }
}

async function build(
  { engine, signal }: CommandContext,
  request: BuildRequest,
  show: (event: BuildEvent) => Promise<void> | void,
): Promise<BuildResult> {
  const phase = new BuildPhase();
  const onBuildEvent = (event: BuildEvent) => {
    phase.follow(event);
    return show(event);
  };
  try {
    return await (await engine()).build(request, { signal, onBuildEvent, onManyFiles });
  } catch (error) {
    throw phase.toFailure(error);
  }
}

/**
 * What is known of a large context stays until its end: a young generation that grew with it would be kept for nothing,
 * a third of the process. Not before there is one: with a flag that is changed V8 takes nothing that it compiled in
 * earlier runs, and the module that sets it loads others.
 */
function onManyFiles(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

async function check(
  context: CommandContext,
  request: BuildRequest,
  mode: ProgressMode,
  out: Io,
): Promise<number> {
  const printer = mode === JSON_PROGRESS ? openPrinter(mode, out) : undefined;
  const { warnings } = await build(context, request, (event) => printer?.add(event));
  return reportCheck(warnings, request, printer === undefined ? context.io : undefined);
}

/** Each of the two builds is printed by itself. */
async function verify(
  { engine, signal }: CommandContext,
  request: BuildRequest,
  mode: ProgressMode,
  out: Io,
): Promise<number> {
  const phase = new BuildPhase();
  let printer = openPrinter(mode, out);
  const onBuildEvent = (event: BuildEvent) => {
    phase.follow(event);
    if (event.kind === 'build-attempt' && event.number > 1) {
      printer.close();
      printer = openPrinter(mode, out);
    }
    printer.add(event);
  };
  try {
    const result = await (await engine()).verifyBuild(request, { signal, onBuildEvent, onManyFiles });
    printer.close();
    return reportVerified(result, out);
  } catch (error) {
    printer.close();
    throw phase.toFailure(error);
  }
}
