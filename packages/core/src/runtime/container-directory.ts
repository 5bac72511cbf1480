import { WherryError } from '../errors.ts';

/** sun_path of unix(7), without the byte that ends it. */
const MAX_SOCKET_PATH_BYTES = 107;

/** The files of one container while it runs, and what it leaves; all in one directory of its own. */
export interface ContainerPaths {
  readonly directory: string;
  /** The runtime's bundle. */
  readonly bundle: string;
  /** Named pipes to and from the container. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** The process ID of the container's first process, once it has started. */
  readonly pid: string;
  /** Who that process is, so that another one with its ID later is not taken for it. */
  readonly process: string;
  /** The exit code, once it has ended. */
  readonly exit: string;
  /** What the memory cgroup counted, when there was a limit. */
  readonly memoryEvents: string;
  /** What the runtime has to say about a failure. */
  readonly runtimeLog: string;
  /** The path of the terminal between us and the container. */
  readonly terminal: string;
  readonly attachSocket: string;
  /** Held by who reads the pipes. */
  readonly monitorLock: string;
  /** The process ID of who is about to hold it. */
  readonly monitorComing: string;
}

/** Names the files of a container below `directory`. Throws `INVALID_ARGUMENT` when a socket's name won't fit. */
export function containerPaths(directory: string): ContainerPaths {
  // Asked for some twenty times in a short run: `join` takes the path apart each time.
  const at = (name: string) => `${directory}/${name}`;
  const attachSocket = at('attach');
  if (Buffer.byteLength(attachSocket) > MAX_SOCKET_PATH_BYTES)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `${attachSocket}: ${Buffer.byteLength(attachSocket)} bytes, want ${MAX_SOCKET_PATH_BYTES} at most for a socket`,
    );
  return {
    directory,
    bundle: at('bundle'),
    stdin: at('stdin'),
    stdout: at('stdout'),
    stderr: at('stderr'),
    pid: at('pid'),
    process: at('process.json'),
    exit: at('exit'),
    memoryEvents: at('memory-events'),
    runtimeLog: at('runtime.log'),
    terminal: at('terminal'),
    attachSocket,
    monitorLock: at('monitor.lock'),
    monitorComing: at('monitor.coming'),
  };
}
