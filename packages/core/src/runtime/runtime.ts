import type { SpecResources } from './spec/runtime-spec.ts';

/**
 * What runs containers: a program such as runc, which makes the namespaces, cgroups and mounts that a bundle's
 * `config.json` asks for. OCI runtime-spec v1.0.2, runtime.md.
 *
 * Instead of the specification's `create` and `start` there is a command line that does both and stays until
 * the container ends: one start of a program less, and the parent of the container's first process knows its
 * exit code whatever becomes of us.
 */
export interface Runtime {
  /** Such as `runc`. */
  readonly name: string;
  /** It has control groups, without which containers cannot be halted. */
  readonly canPause: boolean;
  /** The command line that runs the container of a bundle, and ends with its exit code. */
  runCommand(request: RunRequest): readonly string[];
  /** The command line that removes what a container which was kept, or whose runtime was killed, has left. */
  deleteCommand(id: string): readonly string[];
  /** A directory that is there as long as the runtime knows the container. */
  statePath(id: string): string;
  /** The command line that runs one more process, and ends with its exit code. */
  execCommand(request: ExecRequest): readonly string[];
  /** The IDs of all containers that the runtime knows. */
  list(): Promise<readonly string[]>;
  /** `undefined`: the runtime knows no such container. */
  state(id: string): Promise<RuntimeState | undefined>;
  /** Sends a signal, such as `SIGTERM` or `15`, to the container's first process. */
  kill(id: string, signal: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Gives a container that runs other limits; what `resources` does not name stays as it is. */
  update(id: string, resources: Omit<SpecResources, 'devices'>): Promise<void>;
  /** The processes of a container, by their IDs on the host. */
  processIds(id: string): Promise<readonly number[]>;
  /** Removes what is left of a container; with `force` kills it first. None there is fine. */
  delete(id: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Such as `1.1.5`; `undefined` when the program does not say. */
  version(): Promise<string | undefined>;
}

export interface RunRequest {
  readonly id: string;
  /** The directory of `config.json`. */
  readonly bundle: string;
  /** Appears with the process ID of the container's first process once that has started. */
  readonly pidFile: string;
  /** Receives what went wrong, a JSON object a line. */
  readonly logFile: string;
  /** What is left of the container when it ends, its cgroup among it, stays until it is deleted. */
  readonly keep?: boolean;
}

export interface ExecRequest {
  readonly id: string;
  /** A file with the process as in `config.json`. */
  readonly processFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** Ends when the process has started. */
  readonly detach?: boolean;
}

export interface RuntimeState {
  readonly status: 'creating' | 'created' | 'running' | 'paused' | 'stopped';
  /** On the host; absent: none any more. */
  readonly pid?: number;
}
