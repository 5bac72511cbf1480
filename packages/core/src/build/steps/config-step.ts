import { isWherryError } from '../../errors.ts';
import { applyInstruction, type ConfigInstruction } from '../../image/apply-instruction.ts';
import { madeDirectory } from '../copy/layer-files.ts';
import { type Owner, parseOwner } from '../copy/ownership.ts';
import { workdirLayer } from '../copy/workdir.ts';
import { chainOf, type StageChange } from '../stage-image.ts';
import type { StepInputs } from '../step-inputs.ts';
import { findCached, putCached } from './cached-layer.ts';
import type { StageContext, StepState } from './step-state.ts';

/** What an instruction changes that makes no layer, or, for a WORKDIR that is not there yet, an empty directory. */
export async function configStep(
  context: StageContext,
  state: StepState,
  instruction: ConfigInstruction,
): Promise<StageChange> {
  const { config } = state.image.built;
  const applied = applyInstruction(config, instruction, state.hasCommand);
  if (instruction.kind === 'arg') state.args.declare(instruction);
  if (instruction.kind !== 'workdir') return applied;
  const path = applied.config.WorkingDir ?? '/';
  const layer = await directoryOf(context, state, path);
  return { ...applied, ...(layer && { layer }) };
}

async function directoryOf(context: StageContext, state: StepState, path: string) {
  const { layers } = state.image;
  const owner = await ownerOf(context, state);
  const inputs: StepInputs = {
    base: chainOf(layers),
    instruction: `WORKDIR ${path}`,
    values: { epoch: String(context.epoch), ...(owner && { owner: `${owner.uid}:${owner.gid}` }) },
  };
  const hit = await findCached(context, state, inputs);
  if (hit) return hit.layer;
  const made = madeDirectory(context.epoch, owner);
  const tar = workdirLayer(await context.files.tree(layers), path, made);
  const layer = tar && (await context.deps.storeLayer(tar));
  await putCached(context, state, inputs, layer);
  return layer;
}

/** A user whom the stage does not know yet makes what is root's. */
async function ownerOf(context: StageContext, { image }: StepState): Promise<Owner | undefined> {
  const { User: user } = image.built.config;
  if (!user) return undefined;
  try {
    return await parseOwner(user, (path) => context.files.read(image.layers, path));
  } catch (error) {
    if (isWherryError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}
