import type { AddInstruction, CopyInstruction } from '@wherry/dockerfile';
import { isWherryError } from '../../errors.ts';
import { DEFAULT_SHELL } from '../../image/apply-instruction.ts';
import type { StageLayer } from '../build-deps.ts';
import type { StepKind, StepRecord } from '../cache/build-cache.ts';
import { stepKey } from '../cache/step-key.ts';
import type { CopyOrigin } from '../copy/copy-request.ts';
import { EarlierContents, type PlainTar } from '../copy/earlier-contents.ts';
import { heredocOrigin } from '../copy/memory-source.ts';
import { type CopyPlan, type CopyShape, prepareCopy } from '../copy/plan-copy.ts';
import type { SourceTree } from '../source-tree.ts';
import { chainOf } from '../stage-image.ts';
import type { StepFiles, StepInputs } from '../step-inputs.ts';
import { findCached, putCached } from './cached-layer.ts';
import {
  explanationOf,
  type LayerOutcome,
  type StageContext,
  type StepState,
  type TakenSource,
} from './step-state.ts';

/** COPY or ADD, variables expanded. */
export type FilesInstruction = CopyInstruction | AddInstruction;

/** One step under way. */
interface Copying {
  readonly context: StageContext;
  readonly state: StepState;
  readonly instruction: FilesInstruction;
}

/**
 * Copies files into a stage as a layer of their own, or finds that an earlier build did. Where the content of many
 * files is not known yet all are read once: the layer is written, and forgotten if it turns out to be a cached one.
 */
export async function copyStep(
  context: StageContext,
  state: StepState,
  instruction: FilesInstruction,
): Promise<LayerOutcome> {
  const copying: Copying = { context, state, instruction };
  if (instruction.kind !== 'copy' || instruction.from === undefined)
    return copyFiles(copying, await contextOrigins(copying), 'source.local');
  const taken = await context.takeFrom(instruction.from, state.step);
  if (taken.layers) return copyFromLayers(copying, taken, taken.layers);
  return copyFiles(copying, [origin('context', await taken.tree(), instruction)], 'source.local');
}

async function copyFiles(
  copying: Copying,
  origins: readonly CopyOrigin[],
  kind: StepKind,
): Promise<LayerOutcome> {
  const { context, state } = copying;
  const plan = await planOf(copying, origins);
  const known = await knownFiles(copying, plan);
  const found = known && (await outcomeOf(copying, inputsOf(copying, known)));
  const text = (files: StepFiles) => historyText(copying, plan.shape, files.digest);
  if (known && found?.isCached) return { ...found, createdBy: text(known) };
  // While the layer reaches the disk.
  if (known) context.deps.cache.prepare(inputsOf(copying, known));
  const layer = (known && (await revisedLayer(copying, plan, known))) ?? (await writeLayer(copying, plan));
  const files = known ?? (await plan.writtenFiles(context.deps.signal));
  const inputs = inputsOf(copying, files);
  const outcome = found ?? (await outcomeOf(copying, inputs));
  if (outcome.isCached) return { ...outcome, createdBy: text(files) };
  await putCached(context, state, inputs, layer, kind);
  return { ...outcome, createdBy: text(files), ...(layer && { layer }) };
}

/**
 * The files, once those whose content nobody knows are read, if they are few: one that was touched, and is the same, is
 * no reason to write a layer.
 */
async function knownFiles({ context }: Copying, plan: CopyPlan): Promise<StepFiles | undefined> {
  if (!context.noCache && !(await plan.readUnknown(context.deps.signal))) return undefined;
  return plan.files();
}

/**
 * The layer of the last form of the step with other files: where all else is as it was, only those that changed are
 * looked into.
 */
async function revisedLayer(
  copying: Copying,
  plan: CopyPlan,
  files: StepFiles,
): Promise<StageLayer | undefined> {
  const { deps } = copying.context;
  const last = lastOf(copying);
  if (last?.layer === undefined || !isLike(last, inputsOf(copying, files))) return undefined;
  return await deps.reviseLayer(last.layer, async (toc) => {
    const before = await deps.cache.filesOf(last);
    return before && (await plan.revise(toc, before, files, deps.signal));
  });
}

/** Whether nothing but the files is different. A key that is not that of its inputs is of another version of wherry. */
function isLike({ key, inputs }: StepRecord, { files: _, ...now }: StepInputs): boolean {
  const { files: digest, ...was } = inputs;
  if (digest === undefined || key !== stepKey({ ...was, files: { digest, list: () => [] } })) return false;
  return stepKey(was) === stepKey(now);
}

/** The last form of the step that made a layer. */
function lastOf({ context, state }: Copying): StepRecord | undefined {
  const { deps, noCache } = context;
  if (noCache) return undefined;
  return deps.cache.latestFor(state.slot, state.step.text).find(({ layer }) => layer);
}

/** What the last form of the step has made has most of the content, mostly. */
async function writeLayer(copying: Copying, plan: CopyPlan): Promise<StageLayer | undefined> {
  const { deps } = copying.context;
  const last = lastOf(copying);
  using tar = last?.layer && deps.openPlainTar(last.layer);
  return await deps.storeLayer(plan.write(deps.signal, earlierContents(tar)), plan.tarBytes);
}

function earlierContents(tar: PlainTar | undefined): EarlierContents | undefined {
  try {
    return tar && new EarlierContents(tar);
  } catch (error) {
    // Whoever needs the layer says so.
    if (isWherryError(error, 'CORRUPT')) return undefined;
    throw error;
  }
}

/** What is copied is told by the layers that it lies in first: nothing of them is read while they are the same. */
async function copyFromLayers(
  copying: Copying,
  taken: TakenSource,
  layers: readonly StageLayer[],
): Promise<LayerOutcome> {
  const { context, state, instruction } = copying;
  const from = { from: chainOf(layers) };
  const { values, ...inputs } = inputsOf(copying);
  const bySource: StepInputs = { ...inputs, values: { ...values, ...from } };
  const text = (layer: StageLayer | undefined) =>
    historyText(copying, writtenShape(instruction), layer?.diffID ?? '');
  const found = await outcomeOf(copying, bySource);
  if (found.isCached) return { ...found, createdBy: text(found.layer) };
  const copied = await copyFiles(copying, [origin('image', await taken.tree(), instruction)], 'regular');
  await putCached(context, state, bySource, copied.layer);
  return { ...found, ...copied, createdBy: text(copied.layer) };
}

/** What the cache has to say. */
async function outcomeOf(
  { context, state }: Copying,
  inputs: StepInputs,
): Promise<Omit<LayerOutcome, 'createdBy'>> {
  const explanation = await explanationOf(context, state, inputs);
  const hit = await findCached(context, state, inputs);
  return { ...hit, ...explanation, isCached: hit !== undefined };
}

async function planOf(
  { context, state, instruction }: Copying,
  origins: readonly CopyOrigin[],
): Promise<CopyPlan> {
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
      ...(instruction.kind === 'add' && instruction.unpack !== undefined && { unpack: instruction.unpack }),
    },
    {
      lower: () => context.files.tree(layers),
      readLower: (path) => context.files.read(layers, path),
      workdir: built.config.WorkingDir || '/',
      times: { epoch: context.epoch, ...(context.latest !== undefined && { latest: context.latest }) },
    },
  );
}

/** In the order of the instruction, local sources that stand together in one. */
async function contextOrigins({ context, instruction }: Copying): Promise<CopyOrigin[]> {
  const { sources, heredocs } = instruction;
  const origins: CopyOrigin[] = [];
  let local: string[] = [];
  const takeLocal = async () => {
    if (local.length > 0)
      origins.push({ kind: 'context', tree: await context.deps.context(), sources: local });
    local = [];
  };
  for (const source of sources) {
    const remote = instruction.kind === 'add' ? await remoteOrigin(context, source, instruction) : undefined;
    if (remote === undefined) local.push(source);
    else {
      await takeLocal();
      origins.push(remote);
    }
  }
  await takeLocal();
  if (heredocs.length > 0) origins.push(heredocOrigin(heredocs));
  return origins;
}

function remoteOrigin(
  { deps }: StageContext,
  source: string,
  { destination, checksum, keepsGitDirectory }: AddInstruction,
): Promise<CopyOrigin | undefined> {
  return deps.remote(source, {
    destination,
    ...(checksum !== undefined && { checksum }),
    ...(keepsGitDirectory && { keepsGitDirectory }),
  });
}

function origin(kind: CopyOrigin['kind'], tree: SourceTree, { sources }: FilesInstruction): CopyOrigin {
  return { kind, tree, sources };
}

function inputsOf({ context, state, instruction }: Copying, files?: StepFiles): StepInputs {
  const { kind, destination, isLinked, chown = '', chmod = '', exclude } = instruction;
  const { layers, built } = state.image;
  // Of two files for one name the later wins, which the sorted list of files does not tell.
  const sources = [...instruction.sources, ...instruction.heredocs.map(({ name }) => name)];
  return {
    // A linked layer is the same whatever it lies on, but for the owner that names in it are looked up in.
    base: isLinked && !/[^\d:]/.test(chown) ? '' : chainOf(layers),
    instruction: `${kind.toUpperCase()} ${destination}`,
    values: {
      directory: built.config.WorkingDir || '/',
      epoch: String(context.epoch),
      sources: JSON.stringify(sources),
      ...(kind === 'copy' && instruction.keepsParents && { parents: 'true' }),
      ...(kind === 'add' && instruction.unpack !== undefined && { unpack: String(instruction.unpack) }),
      ...(context.latest !== undefined && { latest: String(context.latest) }),
      ...(chown && { chown }),
      ...(chmod && { chmod }),
      ...(exclude.length > 0 && { exclude: JSON.stringify(exclude) }),
      ...(isLinked && { link: 'true' }),
    },
    ...(files && { files }),
  };
}

/** As Docker's classic builder writes it, without a blank after the owner: what the files are, not their names. */
function historyText(
  { state, instruction: { kind, chown, destination } }: Copying,
  shape: CopyShape,
  digest: string,
): string {
  const shell = state.image.built.config.Shell ?? DEFAULT_SHELL;
  const hex = digest.slice(digest.indexOf(':') + 1);
  const owner = chown === undefined ? '' : `--chown=${chown}`;
  return `${shell.join(' ')} #(nop) ${kind.toUpperCase()} ${owner}${shape}:${hex} in ${destination} `;
}

/** A directory is not told from a file here: to know one, the layers behind a cached copy would have to be read. */
function writtenShape({ sources, heredocs }: FilesInstruction): CopyShape {
  return sources.length + heredocs.length > 1 ? 'multi' : 'file';
}
