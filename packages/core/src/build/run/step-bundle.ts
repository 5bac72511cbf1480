import type { ContainerOptions } from '../../runtime/container-options.ts';
import { writeBundle } from '../../runtime/spec/bundle.ts';
import type { HostFacts } from '../../runtime/spec/host-facts.ts';
import type { RuntimeSpec } from '../../runtime/spec/runtime-spec.ts';
import type { RunStep } from './run-step.ts';
import type { PreparedMounts } from './step-mounts.ts';
import type { StepPlaces } from './step-places.ts';

interface StepBundleRequest {
  readonly step: RunStep;
  readonly places: StepPlaces;
  readonly prepared: PreparedMounts;
  readonly host: HostFacts;
  readonly seenAt: string;
}

/** Writes the runtime's bundle for a step whose root file system is there; what `writeBundle` throws. */
export async function writeStepBundle(request: StepBundleRequest): Promise<RuntimeSpec> {
  const { step, places, prepared, host, seenAt } = request;
  const { spec } = await writeBundle({
    id: step.id,
    image: { Entrypoint: [], Cmd: step.args, Env: step.env, WorkingDir: step.cwd, User: step.user },
    options: optionsOf(step, prepared),
    rootfs: places.rootfs,
    paths: places,
    ...{ host, seenAt },
  });
  return spec;
}

function optionsOf(step: RunStep, { mounts, env }: PreparedMounts): ContainerOptions {
  const { hostname, extraHosts, resources, cgroupParent, shmSizeBytes, ulimits } = step;
  return {
    network: step.network === 'none' ? 'none' : 'host',
    // The name of the machine has no say in what a step makes.
    uts: 'private',
    mounts,
    ...(env.length > 0 && { env }),
    ...(step.security === 'insecure' && { privileged: true }),
    ...(hostname !== undefined && { hostname }),
    ...(extraHosts && { extraHosts }),
    ...(resources && { resources }),
    ...(cgroupParent !== undefined && { cgroupParent }),
    ...(shmSizeBytes !== undefined && { shmSizeBytes }),
    ...(ulimits && { ulimits }),
  };
}
