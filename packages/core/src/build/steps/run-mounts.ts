import type { RunMount as WrittenMount } from '@wherry/dockerfile';
import { WherryError } from '../../errors.ts';
import type { SnapshotLease } from '../../rootfs/snapshots/snapshot.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import type { StageLayer, StepRunner } from '../build-deps.ts';
import { type CopyPlan, prepareCopy } from '../copy/plan-copy.ts';
import type { MountedFiles, RunMount } from '../run/run-mount.ts';
import { chainOf } from '../stage-image.ts';
import type { RunCommand } from './run-command.ts';
import type { StageContext, StepState, TakenSource } from './step-state.ts';

/** A mount of RUN, with where its files come from. */
interface PlannedMount {
  readonly mount: WrittenMount;
  readonly target: string;
  readonly from?: MountSource;
}

type MountSource =
  | { readonly kind: 'layers'; readonly layers: readonly StageLayer[] }
  /** Files of a context, as the layer that a COPY to the root would make. */
  | {
      readonly kind: 'context';
      readonly plan: CopyPlan;
      readonly digest: string;
      readonly layer?: StageLayer;
    };

export type PlannedMounts = readonly PlannedMount[];

export interface OpenedMounts extends AsyncDisposable {
  readonly mounts: readonly RunMount[];
}

const SECRETS = '/run/secrets';
const AGENTS = '/run/buildkit';

/** Finds what the mounts of a RUN name. Throws `INVALID_ARGUMENT`, and what finding an image throws. */
export async function planMounts(
  context: StageContext,
  state: StepState,
  mounts: readonly WrittenMount[],
): Promise<PlannedMounts> {
  const planned: PlannedMount[] = [];
  for (const [index, mount] of mounts.entries()) {
    const target = absolute(mount.target ?? defaultTarget(mount, index), state);
    const needsFiles = mount.type === 'bind' || (mount.type === 'cache' && mount.from !== undefined);
    const from = needsFiles ? await sourceOf(context, state, mount) : undefined;
    planned.push({ mount, target, ...(from && { from }) });
  }
  return planned;
}

/** What mounts say in what a step makes: files that it reads; caches and secrets do not count. */
export function mountInputs(mounts: PlannedMounts): Readonly<Record<string, string>> {
  return Object.fromEntries(
    mounts.map(({ mount, target, from }) => {
      const { type, source = '/', isReadOnly, size, env } = mount;
      const files = from?.kind === 'layers' ? chainOf(from.layers) : (from?.digest ?? '');
      const id = type === 'cache' || type === 'secret' || type === 'ssh' ? (mount.id ?? '') : '';
      return [`mount ${target}`, JSON.stringify({ type, id, source, isReadOnly, size, env, files })];
    }),
  );
}

/** Makes the files of mounts available; disposing lets go of them. */
export async function openMounts(
  planned: PlannedMounts,
  { context, command }: { readonly context: StageContext; readonly command: RunCommand },
  runner: StepRunner,
): Promise<OpenedMounts> {
  const leases: SnapshotLease[] = [];
  const mounts: RunMount[] = [];
  const dispose = async () => {
    for (const lease of leases) await lease[Symbol.asyncDispose]();
  };
  try {
    for (const each of planned) {
      const files = await filesOf(each, context, runner, leases);
      const mount = await opened(each, files, runner);
      if (mount) mounts.push(mount);
    }
    if (command.script) mounts.push(scriptMount(command.script));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { mounts, [Symbol.asyncDispose]: dispose };
}

async function sourceOf(context: StageContext, state: StepState, mount: WrittenMount): Promise<MountSource> {
  const taken: TakenSource =
    mount.from === undefined
      ? { tree: () => context.deps.context() }
      : await context.takeFrom(mount.from, state.step);
  if (taken.layers) return { kind: 'layers', layers: taken.layers };
  const tree = await taken.tree();
  const plan = await prepareCopy(
    { verb: 'COPY', origins: [{ kind: 'context', tree, sources: ['/'] }], destination: '/' },
    {
      lower: async () => new ImageTree(),
      readLower: async () => undefined,
      workdir: '/',
      times: { epoch: context.epoch },
    },
  );
  const known = plan.files();
  if (known) return { kind: 'context', plan, digest: known.digest };
  const layer = await context.deps.storeLayer(plan.write(context.deps.signal));
  const files = await plan.writtenFiles(context.deps.signal);
  return { kind: 'context', plan, digest: files.digest, ...(layer && { layer }) };
}

async function filesOf(
  { from }: PlannedMount,
  { deps }: StageContext,
  runner: StepRunner,
  leases: SnapshotLease[],
): Promise<MountedFiles | undefined> {
  if (from === undefined) return undefined;
  const layers =
    from.kind === 'layers'
      ? from.layers
      : [from.layer ?? (await deps.storeLayer(from.plan.write(deps.signal)))].filter(
          (each) => each !== undefined,
        );
  const lease = await runner.unpack(layers);
  leases.push(lease);
  return { kind: 'layers', layers: lease.snapshots };
}

/** `undefined`: there is nothing to mount, and that is no fault. */
async function opened(
  { mount, target }: PlannedMount,
  files: MountedFiles | undefined,
  runner: StepRunner,
): Promise<RunMount | undefined> {
  const { source, isReadOnly, size } = mount;
  switch (mount.type) {
    case 'bind':
      if (files === undefined) throw new Error('a bind mount has files');
      return { type: 'bind', target, files, ...(source && { source }), isWritable: isReadOnly === false };
    case 'cache':
      return {
        ...{ type: 'cache', target, id: mount.id || target, sharing: mount.sharing ?? 'shared' },
        ...(isReadOnly && { isReadOnly }),
        ...ownerOf(mount),
        ...(files && { initial: { files, ...(source && { source }) } }),
      };
    case 'tmpfs':
      return { type: 'tmpfs', target, ...(size !== undefined && { size }) };
    case 'secret':
      return secretMount(mount, target, runner);
    case 'ssh':
      return sshMount(mount, target, runner);
  }
}

async function secretMount(
  mount: WrittenMount,
  target: string,
  runner: StepRunner,
): Promise<RunMount | undefined> {
  const id = secretId(mount);
  const value = await runner.secrets(id);
  if (value === undefined) {
    if (mount.isRequired) throw new WherryError('INVALID_ARGUMENT', `secret ${id}: not found`);
    return undefined;
  }
  const isFile = mount.env === undefined || mount.target !== undefined;
  const env = mount.env !== undefined && { env: mount.env };
  return { type: 'secret', value, ...(isFile && { target }), ...env, ...ownerOf(mount) };
}

async function sshMount(
  mount: WrittenMount,
  target: string,
  runner: StepRunner,
): Promise<RunMount | undefined> {
  const id = mount.id ?? 'default';
  const socket = await runner.agent(id);
  if (socket !== undefined) return { type: 'ssh', target, socket, ...ownerOf(mount) };
  if (mount.isRequired) throw new WherryError('INVALID_ARGUMENT', `unset ssh forward key ${id}`);
  return undefined;
}

function scriptMount({ path, content }: NonNullable<RunCommand['script']>): RunMount {
  return { type: 'secret', target: path, value: new TextEncoder().encode(content), mode: 0o755 };
}

function ownerOf({ uid, gid, mode }: WrittenMount) {
  return {
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(mode !== undefined && { mode }),
  };
}

function secretId({ id, source, target, env }: WrittenMount): string {
  return id ?? source ?? env ?? target?.slice(target.lastIndexOf('/') + 1) ?? '';
}

function defaultTarget(mount: WrittenMount, index: number): string {
  if (mount.type === 'secret') return `${SECRETS}/${secretId(mount)}`;
  if (mount.type === 'ssh') return `${AGENTS}/ssh_agent.${index}`;
  throw new WherryError('INVALID_ARGUMENT', `invalid mount target ${JSON.stringify(mount.target ?? '')}`);
}

function absolute(target: string, { image }: StepState): string {
  if (target.startsWith('/')) return target;
  const directory = image.built.config.WorkingDir || '/';
  return `${directory === '/' ? '' : directory}/${target}`;
}
