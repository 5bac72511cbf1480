import type { AddInstruction, CopyInstruction } from '@wherry/dockerfile';
import { heredocSource } from '../copy/memory-source.ts';
import { type CopyOrigin, type CopyPlan, prepareCopy } from '../copy/plan-copy.ts';
import { chainOf } from '../stage-image.ts';
import type { StepFiles, StepInputs } from '../step-inputs.ts';
import { findCached, putCached } from './cached-layer.ts';
import { explanationOf, type LayerOutcome, type StageContext, type StepState } from './step-state.ts';

/** COPY or ADD, variables expanded. */
export type FilesInstruction = CopyInstruction | AddInstruction;

/** One step under way. */
interface Copying {
  readonly context: StageContext;
  readonly state: StepState;
  readonly instruction: FilesInstruction;
  readonly origins: readonly CopyOrigin[];
}

/**
 * Copies files into a stage as a layer of their own, or finds that an earlier build did. Files whose content nobody
 * knows yet are read once: the layer is written, and forgotten if it turns out to be a cached one.
 */
export async function copyStep(
  context: StageContext,
  state: StepState,
  instruction: FilesInstruction,
): Promise<LayerOutcome> {
  const origins = await originsOf(context, state, instruction);
  const copying: Copying = { context, state, instruction, origins };
  const plan = await planOf(copying);
  const known = plan.files();
  const found = known && (await outcomeOf(copying, known));
  if (found?.isCached) return found;
  const layer = await context.deps.storeLayer(plan.write(context.deps.signal));
  const files = known ?? plan.files();
  if (files === undefined) throw new Error('what was read is known');
  const outcome = found ?? (await outcomeOf(copying, files));
  if (outcome.isCached) return outcome;
  const kind = instruction.kind === 'copy' && instruction.from !== undefined ? 'regular' : 'source.local';
  await putCached(context, state, inputsOf(copying, files), layer, kind);
  return { ...outcome, ...(layer && { layer }) };
}

/** What the cache has to say, all but the layer that is yet to be made. */
async function outcomeOf(copying: Copying, files: StepFiles): Promise<LayerOutcome> {
  const { context, state, instruction } = copying;
  const inputs = inputsOf(copying, files);
  const explanation = await explanationOf(context, state, inputs);
  const hit = await findCached(context, inputs);
  return { ...hit, ...explanation, isCached: hit !== undefined, createdBy: historyText(instruction, files) };
}

async function planOf({ context, state, instruction, origins }: Copying): Promise<CopyPlan> {
  const { layers, built } = state.image;
  return prepareCopy(
    {
      verb: instruction.kind === 'copy' ? 'COPY' : 'ADD',
      origins,
      destination: instruction.destination,
      isLinked: instruction.isLinked,
      exclude: instruction.exclude,
      ...(instruction.chown !== undefined && { chown: instruction.chown }),
      ...(instruction.chmod !== undefined && { chmod: instruction.chmod }),
      ...(instruction.kind === 'copy' && { keepsParents: instruction.keepsParents }),
    },
    {
      lower: () => context.files.tree(layers),
      readLower: (path) => context.files.read(layers, path),
      workdir: built.config.WorkingDir || '/',
      times: { epoch: context.epoch, ...(context.latest !== undefined && { latest: context.latest }) },
    },
  );
}

async function originsOf(
  { deps, takeFrom }: StageContext,
  { step }: StepState,
  instruction: FilesInstruction,
): Promise<CopyOrigin[]> {
  const origins: CopyOrigin[] = [];
  if (instruction.kind === 'copy' && instruction.from !== undefined) {
    const taken = await takeFrom(instruction.from, step);
    const kind = taken.layers ? 'image' : 'context';
    origins.push({ kind, tree: await taken.tree(), sources: instruction.sources });
  } else if (instruction.sources.length > 0)
    origins.push({ kind: 'context', tree: await deps.context(), sources: instruction.sources });
  if (instruction.heredocs.length > 0) {
    const { heredocs } = instruction;
    const sources = heredocs.map(({ name }) => name);
    origins.push({ kind: 'heredoc', tree: heredocSource(heredocs), sources });
  }
  return origins;
}

function inputsOf({ context, state, instruction }: Copying, files: StepFiles): StepInputs {
  const { destination, isLinked, chown = '', chmod = '' } = instruction;
  const { layers, built } = state.image;
  return {
    // A linked layer is the same whatever it lies on, but for the owner that names in it are looked up in.
    base: isLinked && !/[^\d:]/.test(chown) ? '' : chainOf(layers),
    instruction: `${instruction.kind.toUpperCase()} ${destination}`,
    values: {
      directory: built.config.WorkingDir || '/',
      epoch: String(context.epoch),
      chown,
      chmod,
      ...(isLinked && { link: 'true' }),
    },
    files,
  };
}

/** As Docker's classic builder writes it: what the files are, not what they are called. */
function historyText({ kind, chown, destination, sources, heredocs }: FilesInstruction, files: StepFiles): string {
  const hex = files.digest.slice(files.digest.indexOf(':') + 1);
  const owner = chown === undefined ? ' ' : ` --chown=${chown} `;
  const count = sources.length + heredocs.length;
  const what = count > 1 ? 'multi' : isDirectory(files) ? 'dir' : 'file';
  return `${kind.toUpperCase()}${owner}${what}:${hex} in ${destination} `;
}

function isDirectory(files: StepFiles): boolean {
  let seen = 0;
  for (const _ of files.list()) if (++seen > 1) return true;
  return seen === 0;
}
