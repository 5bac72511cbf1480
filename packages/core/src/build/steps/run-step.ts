import { randomBytes } from 'node:crypto';
import type { RunInstruction } from '@wherry/dockerfile';
import { WherryError } from '../../errors.ts';
import { environmentOf } from '../../image/environment.ts';
import { makeContainerId } from '../../runtime/container-record.ts';
import type { ComingLayer, StageLayer, StepRunner } from '../build-deps.ts';
import { type RunResult, type RunStep, runStep as runProcess } from '../run/run-step.ts';
import { chainOf } from '../stage-image.ts';
import type { StepInputs } from '../step-inputs.ts';
import { claimStep, findCached, putCached } from './cached-layer.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import { mountInputs, openMounts, type PlannedMounts, planMounts } from './run-mounts.ts';
import { explanationOf, type LayerOutcome, type StageContext, type StepState } from './step-state.ts';

/** What every machine calls itself in a build, so that the name has no say in what a step makes. */
const HOSTNAME = 'buildkitsandbox';

/** One step under way. */
interface Running {
  readonly context: StageContext;
  readonly state: StepState;
  readonly instruction: RunInstruction;
  readonly command: RunCommand;
  readonly mounts: PlannedMounts;
}

/** What a program left that has ended. */
interface Made extends ComingLayer {
  /** Its files, those that the layer did not take over. */
  readonly ended: RunResult;
}

/**
 * Runs a command on a stage and makes a layer of what it changed, or finds that an earlier build did. The next step
 * need not wait until that is on disk. Throws `BUILD_FAILED` with the command's exit code in `details.exitCode`, and
 * what running one throws.
 */
export async function runStep(
  context: StageContext,
  state: StepState,
  instruction: RunInstruction,
): Promise<LayerOutcome> {
  const { deps } = context;
  const command = runCommand(state.image.built.config, instruction);
  const mounts = await planMounts(context, state, instruction.mounts);
  const running: Running = { context, state, instruction, command, mounts };
  const inputs = inputsOf(running);
  const createdBy = historyText(running);
  const explanation = await explanationOf(context, state, inputs);
  const cached = (hit: { readonly layer?: StageLayer }) => ({
    ...hit,
    ...explanation,
    isCached: true,
    createdBy,
  });
  const hit = await findCached(context, state, inputs);
  if (hit) return cached(hit);
  const claim = await claimStep(context, inputs);
  let kept: Promise<void> | undefined;
  try {
    const found = await findCached(context, state, inputs);
    if (found) return cached(found);
    const runner = await deps.runner(context.platform);
    const id = makeContainerId(randomBytes);
    deps.emit({ kind: 'build-step-runs', step: state.step, id, ...explanation });
    const made = await layerOf(running, runner, id);
    kept = keep(running, inputs, made, claim);
    return { ...(made.layer && { layer: made.layer }), isCached: false, id, createdBy, kept };
  } finally {
    if (kept === undefined) await claim?.[Symbol.asyncDispose]();
  }
}

/** Waits for the disk, and lets go of what the step had. */
async function keep(
  { context, state }: Running,
  inputs: StepInputs,
  { layer, stored, ended }: Made,
  claim: AsyncDisposable | undefined,
): Promise<void> {
  await using _claim = claim;
  await using _ended = ended;
  await stored;
  await putCached(context, state, inputs, layer);
}

async function layerOf(running: Running, runner: StepRunner, id: string): Promise<Made> {
  const { context, state, command } = running;
  const { deps } = context;
  await using below = await runner.unpack(state.image.layers);
  await using opened = await openMounts(running.mounts, running, runner);
  const step: RunStep = {
    ...{ id, layers: below.snapshots, args: command.args, env: environment(running) },
    ...processOf(running),
    mounts: opened.mounts,
  };
  const ended = await runProcess(runner.deps, step, {
    signal: deps.signal,
    onOutput: (stream, chunk) => deps.emit({ kind: 'build-output', step: state.step, stream, chunk }),
    onWarning: (message) => deps.emit({ kind: 'build-warning', message }),
  });
  try {
    if (ended.exitCode !== 0) throw failed(command, ended.exitCode);
    const coming = await deps.beginLayer(ended.changes(deps.signal));
    await adopt(runner, coming, ended);
    return { ...coming, ended };
  } catch (error) {
    await ended[Symbol.asyncDispose]();
    throw error;
  }
}

/** The next step stands on the very files, and need not unpack them. */
async function adopt(runner: StepRunner, { layer, stored }: ComingLayer, ended: RunResult): Promise<void> {
  try {
    const files = layer && (await ended.files());
    if (layer && !(files && (await runner.adopt(layer, files)))) await stored;
  } catch (error) {
    await Promise.allSettled([stored]);
    throw error;
  }
}

function processOf({ context, state, instruction }: Running) {
  const { config } = state.image.built;
  const { options, epoch } = context;
  const { network = options.network } = instruction;
  return {
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    hostname: HOSTNAME,
    extraHosts: options.extraHosts,
    epoch,
    ...options.limits,
    ...(network && { network }),
    ...(instruction.security && { security: instruction.security }),
  };
}

function environment({ context, state }: Running): string[] {
  const { image, args } = state;
  const own = environmentOf(image.built.config.Env);
  const more = new Map([
    ['SOURCE_DATE_EPOCH', String(context.epoch)],
    ...args.proxies(),
    ...args.effective(own),
  ]);
  return [...[...more].filter(([key]) => !own.has(key)).map(asEntry), ...[...own].map(asEntry)];
}

function asEntry([key, value]: readonly [string, string]): string {
  return `${key}=${value}`;
}

function inputsOf({ context, state, instruction, command, mounts }: Running): StepInputs {
  const { config } = state.image.built;
  const env = environmentOf(config.Env);
  const args = [...state.args.effective(env)].map(([key, value]) => [`arg ${key}`, value] as const);
  const variables = [...env].map(([key, value]) => [`env ${key}`, value] as const);
  const { network = context.options.network, security, devices } = instruction;
  return {
    base: chainOf(state.image.layers),
    instruction: `RUN ${JSON.stringify(command.args)}${command.script ? `\n${command.script.content}` : ''}`,
    values: {
      ...Object.fromEntries([...variables, ...args]),
      directory: config.WorkingDir || '/',
      user: config.User ?? '',
      epoch: String(context.epoch),
      platform: `${context.platform.os}/${context.platform.architecture}`,
      ...(network && network !== 'default' && { network }),
      ...(security === 'insecure' && { security }),
      ...(devices.length > 0 && { devices: devices.join(' ') }),
      ...(context.options.extraHosts.length > 0 && { hosts: context.options.extraHosts.join(' ') }),
      ...mountInputs(mounts),
    },
  };
}

/** As Docker's classic builder writes it: the arguments in scope, then the command. */
function historyText({ state, command, instruction }: Running): string {
  const { config } = state.image.built;
  const args = [...state.args.effective(environmentOf(config.Env))].map(asEntry).sort();
  const words = instruction.command.form === 'exec' ? instruction.command.words : command.args;
  return [...(args.length > 0 ? [`|${args.length}`, ...args] : []), ...words].join(' ');
}

function failed({ args }: RunCommand, exitCode: number): WherryError {
  return new WherryError(
    'BUILD_FAILED',
    `The command '${args.join(' ')}' returned a non-zero code: ${exitCode}`,
    { details: { exitCode } },
  );
}
