import { join } from 'node:path';

/** The files of one step, all in a directory of its own. */
export interface StepPlaces {
  readonly directory: string;
  /** The runtime's bundle, and what is to be in no file that outlives the step. */
  readonly bundle: string;
  /** Where the root file system appears. */
  readonly rootfs: string;
  /** What changes in it, and overlay's own directory beside it. */
  readonly changes: string;
  readonly upper: string;
  /** Directories with nothing in them, for an overlay that needs some. */
  readonly empties: string;
  /** Short names of overlays' directories. */
  readonly links: string;
  /** Where files that are mounted into the root file system appear, one directory each. */
  readonly trees: string;
  /** What the runtime keeps of the container. */
  readonly state: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: string;
  readonly runtimeLog: string;
}

/** Names the files of a step below `directory`. */
export function stepPlaces(directory: string): StepPlaces {
  const at = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    bundle: at('bundle'),
    rootfs: at('rootfs'),
    changes: at('changes'),
    upper: at('changes', 'upper'),
    empties: at('empties'),
    links: at('links'),
    trees: at('trees'),
    state: at('state'),
    stdout: at('stdout'),
    stderr: at('stderr'),
    pid: at('pid'),
    runtimeLog: at('runtime.log'),
  };
}
