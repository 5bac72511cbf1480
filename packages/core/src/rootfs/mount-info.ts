import { readFile } from 'node:fs/promises';

/** One mount that this process sees. */
export interface MountInfo {
  readonly id: number;
  /** Where it is mounted. */
  readonly target: string;
  /** `overlay`, `ext4` and the like. */
  readonly type: string;
  readonly source: string;
  /** Options of the mount and of its file system. */
  readonly options: readonly string[];
}

/** Reads the mounts of this process, in the order they were made. Linux proc_pid_mountinfo(5). */
export async function readMounts(): Promise<MountInfo[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

export function parseMounts(text: string): MountInfo[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      // A field that is optional may come any number of times; a lone hyphen ends them.
      const [own = '', fileSystem = ''] = line.split(' - ');
      const [id, , , , target = '', options = ''] = own.split(' ');
      const [type = '', source = '', superOptions = ''] = fileSystem.split(' ');
      const all = [...options.split(','), ...superOptions.split(',')];
      return [{ id: Number(id), target: unescaped(target), type, source: unescaped(source), options: all }];
    });
}

/** Blanks, tabs, line feeds and backslashes come as three octal digits. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
