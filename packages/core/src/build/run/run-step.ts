import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import { checkLayerCount } from '../../rootfs/overlay-plan.ts';
import { assertLinux, detectOwnership } from '../../rootfs/privileges.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import type { SettledFiles } from '../../rootfs/settle-times.ts';
import type { Snapshot } from '../../rootfs/snapshots/snapshot.ts';
import type { ResourceLimits, Ulimit } from '../../runtime/container-options.ts';
import type { OutputSink } from '../../runtime/monitor/monitor.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { HostFacts } from '../../runtime/spec/host-facts.ts';
import type { RunMount } from './run-mount.ts';
import { runProcess } from './run-process.ts';
import { StepChanges } from './step-changes.ts';
import { stepPlaces } from './step-places.ts';

export interface RunDeps {
  /** A directory for what steps write meanwhile; of one killed here its part stays, and can be removed. */
  readonly scratch: string;
  /** The directory of the caches that steps leave to each other. */
  readonly caches: string;
  /** Opens what runs containers, with what it knows of them in a directory of its own. Throws `UNSUPPORTED`. */
  readonly runtime: (stateDirectory: string) => Runtime;
  readonly host: HostFacts;
}

/** What one RUN shall do; variables are expanded, paths absolute. */
export interface RunStep {
  /** Of the container: 64 hexadecimal digits. */
  readonly id: string;
  /** What it stands on, unpacked and held by the caller; base first. */
  readonly layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[];
  /** The program and its arguments: the shell is in them already. */
  readonly args: readonly string[];
  /** `NAME=value`; where there is no `PATH` it is Docker's. */
  readonly env: readonly string[];
  /** Made, in the layer, where there is none. */
  readonly cwd: string;
  /** As in a config: names are those of the image. */
  readonly user: string;
  /** Absent: the first digits of the ID. */
  readonly hostname?: string;
  /** `name:address`. */
  readonly extraHosts?: readonly string[];
  /** `default` is the host's, as for `run`: there is no bridge. */
  readonly network?: 'default' | 'none' | 'host';
  /** `insecure`: as a privileged container. */
  readonly security?: 'sandbox' | 'insecure';
  readonly resources?: ResourceLimits;
  readonly cgroupParent?: string;
  readonly shmSizeBytes?: number;
  readonly ulimits?: readonly Ulimit[];
  readonly mounts?: readonly RunMount[];
  /** Seconds since 1970: what the step writes later than that is as old as that. */
  readonly epoch?: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** What the program prints, as it comes; the chunk is the receiver's. Nothing more comes until it is done with it. */
  readonly onOutput?: OutputSink;
  /** Told what is not as it should be, such as files that are copied because they cannot be mounted. */
  readonly onWarning?: (message: string) => void;
}

export interface ChangedFiles extends SettledFiles {
  readonly directory: string;
}

/** A step that has ended. Disposing it removes what it wrote, which `changes` reads. */
export interface RunResult extends AsyncDisposable {
  /** Of the program; 128 and the signal's number for one that was killed. */
  readonly exitCode: number;
  /** What it changed, as a layer's tar: the same for the same files. Throws what `diffLayer` throws. */
  changes(signal?: AbortSignal): ByteSource;
  /**
   * What it changed as files that can stand for the layer unpacked, once `changes` was read; the directory may be
   * moved away. `undefined`: the layer has to be unpacked.
   */
  files(): Promise<ChangedFiles | undefined>;
}

/**
 * Runs a step's program on the layers below it, in a container of its own, and waits for its end. While it runs,
 * mounts and processes are in a namespace that ends with this process, however that ends. Throws a failure to start in Docker's
 * words, `UNSUPPORTED` without a runtime or rights, `INVALID_ARGUMENT` for mounts, users and limits that cannot be,
 * `NO_SPACE`, `CANCELLED`; then nothing stays.
 */
export async function runStep(deps: RunDeps, step: RunStep, options: RunOptions = {}): Promise<RunResult> {
  assertLinux();
  throwIfCancelled(options.signal);
  checkLayerCount(step.layers.length);
  if (detectOwnership() === 'user')
    throw new WherryError('UNSUPPORTED', 'RUN needs root, of the machine or of a user namespace', {
      hint: 'the command line makes a namespace; who uses the library runs in one, or as root',
    });
  mkdirSync(deps.scratch, { recursive: true, mode: 0o700 });
  const places = stepPlaces(mkdtempSync(join(deps.scratch, 'run-')));
  const changes = new StepChanges(step, places);
  const dispose = async () => {
    await changes[Symbol.asyncDispose]();
    await removeTrees(places.directory);
  };
  try {
    const { exitCode, copiedAt } = await runProcess(deps, step, places, {
      ...options,
      onOverlay: () => changes.prepare(options.signal),
    });
    return {
      exitCode,
      changes: (signal) => changes.read(copiedAt, signal),
      files: () => changes.files(),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
