import { WherryError } from '../errors.ts';
import type { ContainerOptions } from './container-options.ts';
import type { ContainerState } from './container-state.ts';

export type StandardStream = 'stdin' | 'stdout' | 'stderr';

/** All that is kept of a container, as JSON: what was asked for, and what became of it. */
export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Without the slash that Docker's API puts before it. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly createdAt: string;
  /** The digest of the image's config, and what the user called it. */
  readonly imageId: string;
  readonly imageName: string;
  /** The program, and what it is given. */
  readonly argv: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** The merged configuration, Docker's `Config`; field names are Docker's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What `HostConfig` is made of. */
  readonly options: ContainerOptions;
  /** What `create` or `run` was attached to; absent: nothing. */
  readonly attached?: readonly StandardStream[];
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly autoRemove: boolean;
  /** Such as `SIGTERM`; the image's, if the options have none. */
  readonly stopSignal?: string;
  readonly stopTimeoutSeconds?: number;
  readonly restartCount: number;
  readonly state: ContainerState;
}

const ID_BYTES = 32;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** A new container ID, of 32 random bytes. No ID reads as a number, which names of hosts must not be. */
export function makeContainerId(randomBytes: (count: number) => Uint8Array): string {
  for (;;) {
    const id = Buffer.from(randomBytes(ID_BYTES)).toString('hex');
    if (/[a-f]/.test(id.slice(0, 12))) return id;
  }
}

/** Takes a slash off a name that begins with one. Throws `INVALID_ARGUMENT` in Docker's words. */
export function parseContainerName(text: string): string {
  const name = text.replace(/^\//, '');
  if (NAME.test(name)) return name;
  throw new WherryError(
    'INVALID_ARGUMENT',
    `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}
