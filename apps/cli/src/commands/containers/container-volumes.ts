import type { ContainerMount, ContainerOptions, VolumesFrom } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

/** Modes of `-v` that ask for nothing here: there are no SELinux labels, and nothing is cached. */
export const IDLE_MODES = new Set(['rw', 'z', 'Z', 'consistent', 'cached', 'delegated']);

/** Paths of `-v` without a source, and `--volumes-from`. Throws `CommandError` in Docker's words. */
export function volumeFlags(flags: Flags): Pick<ContainerOptions, 'volumes' | 'volumesFrom'> {
  const volumes = flags.list('volume').filter(isPathAlone);
  const volumesFrom = flags.list('volumes-from').map(volumesFromOf);
  return {
    ...(volumes.length > 0 && { volumes: [...new Set(volumes)] }),
    ...(volumesFrom.length > 0 && { volumesFrom }),
  };
}

/** `-v /path`: a volume of the container's own. */
export function isPathAlone(text: string): boolean {
  return text.startsWith('/') && !text.includes(':');
}

/** `name:target[:modes]`, split already. */
export function namedVolumeOf(name: string, target: string, modes: string): ContainerMount {
  return modes
    .split(',')
    .reduce<ContainerMount>((mount, mode) => withMode(mount, mode, modes), { type: 'volume', name, target });
}

function withMode(mount: ContainerMount, mode: string, modes: string): ContainerMount {
  if (mode === '' || IDLE_MODES.has(mode)) return mount;
  if (mode === 'ro') return { ...mount, readOnly: true } as ContainerMount;
  if (mode === 'nocopy') return { ...mount, noCopy: true } as ContainerMount;
  throw new CommandError(`invalid mode: ${modes}`);
}

/** `container[:modes]`. */
export function volumesFromOf(text: string): VolumesFrom {
  const [container = '', modes = '', ...rest] = text.split(':');
  if (text === '') throw new CommandError('volumes-from specification cannot be an empty string');
  const each = modes.split(',');
  if (rest.length > 0 || !each.every((mode) => mode === '' || mode === 'ro' || IDLE_MODES.has(mode)))
    throw new CommandError(`invalid mode: ${[modes, ...rest].join(':')}`);
  return { container, ...(each.includes('ro') && { readOnly: true }) };
}

/** The fields of a `--mount type=volume`. `invalid` makes the error of the flag. */
export function volumeMountOf(
  fields: ReadonlyMap<string, string>,
  target: string,
  invalid: (why: string) => CommandError,
): ContainerMount {
  const [name, subpath] = [fields.get('source'), fields.get('volume-subpath')];
  const driver = fields.get('volume-driver') ?? 'local';
  if (driver !== 'local') throw invalid(`the volume driver ${driver} is not offered, only local is`);
  if (fields.has('volume-opt')) throw invalid('volumes with options are not offered, use type=bind');
  const label = fields.get('volume-label');
  const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(label ?? '') ?? [];
  return {
    ...{ type: 'volume', target },
    ...(name && { name }),
    ...(isTrue(fields.get('readonly')) && { readOnly: true }),
    ...(isTrue(fields.get('volume-nocopy')) && { noCopy: true }),
    ...(subpath && { subpath }),
    ...(label !== undefined && { labels: { [key]: value } }),
  };
}

export function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}
