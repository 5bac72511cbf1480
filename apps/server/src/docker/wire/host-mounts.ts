import { type ContainerMount, type ContainerOptions, type VolumesFrom, WherryError } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import { type Fields, ifSet, someOf } from './fields.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
/** Modes that ask for nothing here: there are no SELinux labels, and nothing is cached. */
const IDLE_MODES = new Set(['', 'rw', 'z', 'Z', 'consistent', 'cached', 'delegated']);
const MODE_BASE = 8;

/** What a `HostConfig` mounts: `Binds`, `Mounts`, `Tmpfs` and `VolumesFrom`. Throws `ApiError`, `UNSUPPORTED`. */
export function mounts(host: Fields): Pick<ContainerOptions, 'mounts' | 'volumesFrom'> {
  const all = [
    ...host.texts('Binds').map(bindOf),
    ...host.objects('Mounts').map(mountOf),
    ...Object.entries(host.map('Tmpfs')).map(([target, options]) => tmpfsOf(target, options)),
  ];
  return {
    ...someOf('mounts', all),
    ...someOf('volumesFrom', host.texts('VolumesFrom').map(volumesFromOf)),
  };
}

/** `source:target[:modes]`, with an absolute path or the name of a volume as source. */
function bindOf(text: string): ContainerMount {
  const [source = '', target = '', modes = '', ...rest] = text.split(':');
  if (source === '' || !target.startsWith('/') || rest.length > 0)
    throw new ApiError(500, `invalid volume specification: '${text}'`);
  const isPath = source.startsWith('/');
  const base: ContainerMount = isPath
    ? { type: 'bind', source, target, createSource: true }
    : { type: 'volume', name: source, target };
  return modes.split(',').reduce<ContainerMount>((mount, mode) => withMode(mount, mode, text), base);
}

function withMode(mount: ContainerMount, mode: string, text: string): ContainerMount {
  if (IDLE_MODES.has(mode)) return mount;
  if (mode === 'ro') return { ...mount, readOnly: true } as ContainerMount;
  if (mode === 'nocopy') return mount.type === 'volume' ? { ...mount, noCopy: true } : mount;
  if (mount.type === 'bind' && isPropagation(mode)) return { ...mount, propagation: mode };
  throw new ApiError(500, `invalid volume specification: '${text}': invalid mode: ${mode}`);
}

function mountOf(mount: Fields): ContainerMount {
  const type = mount.text('Type');
  const target = mount.text('Target');
  if (target === '')
    throw new ApiError(400, `invalid mount config for type "${type}": field Target must not be empty`);
  const readOnly = ifSet('readOnly', mount.flag('ReadOnly'));
  if (type === 'bind') return { ...bindMount(mount, target), ...readOnly };
  if (type === 'volume') return { ...volumeMount(mount, target), ...readOnly };
  if (type === 'tmpfs') return tmpfsMount(mount, target);
  throw new WherryError(
    'UNSUPPORTED',
    `mounts of type ${type} are not offered, use type=bind, type=volume or type=tmpfs`,
  );
}

function bindMount(mount: Fields, target: string): Extract<ContainerMount, { readonly type: 'bind' }> {
  const source = mount.text('Source');
  const options = mount.object('BindOptions');
  const propagation = options.text('Propagation');
  const fault = (why: string) => new ApiError(400, `invalid mount config for type "bind": ${why}`);
  if (source === '') throw fault('field Source must not be empty');
  if (propagation !== '' && !isPropagation(propagation))
    throw fault(`invalid propagation mode: ${propagation}`);
  return {
    ...{ type: 'bind', source, target },
    ...(propagation !== '' && { propagation: propagation as (typeof PROPAGATIONS)[number] }),
    ...ifSet('nonRecursive', options.flag('NonRecursive')),
    ...ifSet('createSource', options.flag('CreateMountpoint')),
  };
}

function volumeMount(mount: Fields, target: string): Extract<ContainerMount, { readonly type: 'volume' }> {
  const options = mount.object('VolumeOptions');
  const driver = options.object('DriverConfig');
  const name = driver.text('Name');
  if (name !== '' && name !== 'local')
    throw new WherryError('UNSUPPORTED', `the volume driver ${name} is not offered, only local is`);
  if (driver.keys('Options').length > 0)
    throw new WherryError('UNSUPPORTED', 'volumes with options are not offered, use type=bind');
  const labels = options.map('Labels');
  return {
    ...{ type: 'volume', target },
    ...ifSet('name', mount.text('Source')),
    ...ifSet('noCopy', options.flag('NoCopy')),
    ...ifSet('subpath', options.text('Subpath')),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

function tmpfsMount(mount: Fields, target: string): ContainerMount {
  const limits = mount.object('TmpfsOptions');
  const [size, mode] = [limits.number('SizeBytes'), limits.number('Mode')];
  const options = [
    ...(size > 0 ? [`size=${size}`] : []),
    ...(mode > 0 ? [`mode=${mode.toString(MODE_BASE)}`] : []),
    ...(mount.flag('ReadOnly') ? ['ro'] : []),
  ];
  return { type: 'tmpfs', target, ...someOf('options', options) };
}

function tmpfsOf(target: string, options: string): ContainerMount {
  return { type: 'tmpfs', target, ...someOf('options', options === '' ? [] : options.split(',')) };
}

/** `container[:modes]`. */
function volumesFromOf(text: string): VolumesFrom {
  const [container = '', modes = '', ...rest] = text.split(':');
  const each = modes.split(',');
  if (rest.length > 0 || !each.every((mode) => mode === 'ro' || IDLE_MODES.has(mode)))
    throw new ApiError(400, `invalid mode: ${[modes, ...rest].join(':')}`);
  return { container, ...(each.includes('ro') && { readOnly: true }) };
}

function isPropagation(text: string): text is (typeof PROPAGATIONS)[number] {
  return PROPAGATIONS.some((each) => each === text);
}
