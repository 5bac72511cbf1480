import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isWherryError, throwIfCancelled, WherryError } from '../../errors.ts';
import { detectOwnership } from '../../rootfs/privileges.ts';
import { type EnclosedMount, Enclosure } from '../../runtime/enclosure.ts';
import { shellQuoted } from '../../runtime/monitor/terminal.ts';
import { readIfThere } from '../../runtime/read-if-there.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { endText, lastRuntimeError, startError } from '../../runtime/runtime-errors.ts';
import { cgroupPath } from '../../runtime/spec/spec.ts';
import { makeMountPoints, removeMountPoints } from './mount-points.ts';
import { copyTree, overlayOf, type Tree } from './mounted-trees.ts';
import type { RunDeps, RunOptions, RunStep } from './run-step.ts';
import { writeStepBundle } from './step-bundle.ts';
import { StepMounts } from './step-mounts.ts';
import { StepOutput } from './step-output.ts';
import type { StepPlaces } from './step-places.ts';

export interface EndedProcess {
  readonly exitCode: number;
  /** When the copy of the layers was complete; absent: they were mounted. */
  readonly copiedAt?: Date;
}

export interface ProcessOptions extends RunOptions {
  /** Called when the program is being started, on an overlay. */
  readonly onOverlay: () => void;
}

/** One try to run a step. */
interface Attempt {
  readonly runtime: Runtime;
  readonly deps: RunDeps;
  readonly step: RunStep;
  readonly places: StepPlaces;
  readonly mounts: StepMounts;
  readonly isCopy: boolean;
  readonly options: ProcessOptions;
}

/** Of version 2, or the parent of each hierarchy's. */
const CGROUPS = '/sys/fs/cgroup';

/** Runs a step's program to its end, on an overlay, or on copies where the kernel refuses one. */
export async function runProcess(
  deps: RunDeps,
  step: RunStep,
  places: StepPlaces,
  options: ProcessOptions,
): Promise<EndedProcess> {
  const { signal } = options;
  const runtime = deps.runtime(places.state);
  await using mounts = await StepMounts.open(step.mounts ?? [], places, deps.caches, signal);
  const attempt = { runtime, deps, step, places, mounts, options };
  const first = await tryToRun({ ...attempt, isCopy: false });
  if (first.exitCode !== undefined) return { exitCode: first.exitCode };
  options.onWarning?.(`no overlay at ${places.rootfs}, its files are copied instead: ${first.refusal}`);
  for (const tree of [rootTree(step, places), ...mounts.trees]) await copyTree(tree, signal);
  const copiedAt = new Date();
  const second = await tryToRun({ ...attempt, isCopy: true });
  if (second.exitCode !== undefined) return { exitCode: second.exitCode, copiedAt };
  throw new WherryError('UNSUPPORTED', `cannot mount for RUN: ${second.refusal}`);
}

type Outcome =
  | { readonly exitCode: number; readonly refusal?: never }
  | { readonly exitCode?: never; readonly refusal: string };

async function tryToRun(attempt: Attempt): Promise<Outcome> {
  const { signal } = attempt.options;
  await using enclosure = openEnclosure(attempt);
  const stop = () => enclosure.kill();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const refusal = await enclosure.mounted();
    throwIfCancelled(signal);
    if (refusal !== undefined) return { refusal };
    return { exitCode: await runIn(enclosure, attempt) };
  } catch (error) {
    // What broke because it was killed, by us or by somebody else: what we look at goes with it.
    throwIfCancelled(signal);
    if (isWherryError(error) || existsSync(enclosure.seenAt)) throw error;
    throw wasKilled(attempt.runtime, error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function openEnclosure({ runtime, step, places, mounts, isCopy }: Attempt): Enclosure {
  const { directory, bundle, links, rootfs, state, pid, runtimeLog } = places;
  for (const path of [bundle, links, rootfs]) mkdirSync(path, { recursive: true, mode: 0o711 });
  const trees = isCopy ? [] : [rootTree(step, places), ...mounts.trees];
  return new Enclosure({
    directory,
    links,
    mounts: [
      ...(mounts.hasSecrets ? [secretMount(bundle)] : []),
      ...trees.map((tree, index) => overlayOf(tree, links, index === 0 ? '' : `${index}_`, ownership())),
    ],
    command: runtime.runCommand({ id: step.id, bundle, pidFile: pid, logFile: runtimeLog }),
    leftovers: { path: join(state, step.id), cleanup: cleanupCommand(runtime, step) },
  });
}

/**
 * A runtime that is killed in the middle of a start has made control groups and not noted them yet: then nothing but
 * their names tells of them. They cannot go until the last process in them is gone, which takes a moment.
 */
function cleanupCommand(runtime: Runtime, { id, cgroupParent }: RunStep): string {
  const group = shellQuoted(cgroupPath(id, cgroupParent === undefined ? {} : { cgroupParent }));
  return `${runtime.deleteCommand(id).map(shellQuoted).join(' ')}
for group in ${CGROUPS}${group} ${CGROUPS}/*${group}; do
  tries=0
  while [ -d "$group" ] && ! rmdir "$group" && [ $tries -lt 100 ]; do
    sleep 0.01
    tries=$((tries + 1))
  done
done`;
}

/** Memory that goes with the enclosure. */
function secretMount(target: string): EnclosedMount {
  return { type: 'tmpfs', options: 'mode=0711', target };
}

function rootTree({ layers }: RunStep, { rootfs, changes }: StepPlaces): Tree {
  return { files: { kind: 'layers', layers }, isWritable: true, root: rootfs, changes };
}

async function runIn(enclosure: Enclosure, attempt: Attempt): Promise<number> {
  const { step, places, mounts, isCopy, deps, options } = attempt;
  const { seenAt } = enclosure;
  const prepared = await mounts.prepare(seenAt, options.signal);
  const spec = await writeStepBundle({ step, places, prepared, host: deps.host, seenAt });
  const upper = isCopy ? undefined : places.upper;
  const points = makeMountPoints(spec.mounts, { rootfs: join(seenAt, places.rootfs), upper, seenAt });
  throwIfCancelled(options.signal);
  const code = await runAndRead(enclosure, attempt);
  throwIfCancelled(options.signal);
  removeMountPoints(upper ?? places.rootfs, points);
  return code;
}

async function runAndRead(
  enclosure: Enclosure,
  { runtime, places, isCopy, options }: Attempt,
): Promise<number> {
  const isStarted = () => (readIfThere(places.pid) ?? '').trim() !== '';
  const output = new StepOutput(places, isStarted, options);
  let said = '';
  let code: number | undefined;
  try {
    const running = enclosure.run();
    if (!isCopy) options.onOverlay();
    code = await running;
  } finally {
    said = await output.end();
  }
  throwIfCancelled(options.signal);
  if (code === undefined) throw wasKilled(runtime);
  const logged = lastRuntimeError(readIfThere(places.runtimeLog) ?? '');
  // The program's, unless the runtime failed when it had written down the process that was to become it.
  if (isStarted() && logged === undefined) return code;
  throw startError(runtime.name, logged ?? (said || endText(runtime.name, code)));
}

function ownership(): 'root' | 'namespace' {
  const own = detectOwnership();
  if (own === 'user') throw new Error('nobody but root can mount');
  return own;
}

function wasKilled({ name }: Runtime, cause?: unknown): WherryError {
  return new WherryError('INTERNAL', `${name} was killed`, { cause });
}
