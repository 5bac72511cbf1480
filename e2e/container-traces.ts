import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the runtime keeps what it knows of the containers of a store. */
export function runtimeState(root: string): string {
  return join('/run/wherry', createHash('sha256').update(root).digest('hex').slice(0, 16));
}

/** A process, and what is needed to tell what it does. */
export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
}

/** The processes whose command line has `text` in it, but those that ended and this one. */
export function processesWith(text: string): SeenProcess[] {
  return names('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = (readIfThere(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');
    return command.includes(text) ? [{ pid, command }] : [];
  });
}

/** The mounts below a directory. */
export function mountsBelow(directory: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.filter((line) => line.split(' ')[4]?.startsWith(`${directory}/`));
}

/** What containers leave on the machine while they are there, and never afterwards. */
export function tracesOf(root: string): string[] {
  const places = ['containers', 'containers/locks', 'snapshots/uses', 'snapshots/locks', 'leases'];
  const inside = places.flatMap((place) => names(join(root, place)).map((name) => `${place}/${name}`));
  const snapshots = names(join(root, 'snapshots')).filter((name) => /^(new|old)-/.test(name));
  return [
    ...mountsBelow(root),
    ...processesWith(root).map(({ command }) => command),
    ...names(runtimeState(root)).map((id) => `${runtimeState(root)}/${id}`),
    ...inside.filter((path) => path !== 'containers/locks'),
    ...snapshots,
  ];
}

/** What is in a directory that may not be there. */
export function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended just now.
    return undefined;
  }
}
