import { resolve } from 'node:path';
import type { ContainerMount, ContainerOptions } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { IDLE_MODES, isPathAlone, isTrue, namedVolumeOf, volumeMountOf } from './container-volumes.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
type Propagation = (typeof PROPAGATIONS)[number];

/** `--volume`, `--mount` and `--tmpfs`. Throws `CommandError` in Docker's words. */
export function mountFlags(flags: Flags): Pick<ContainerOptions, 'mounts'> {
  const mounts = [
    // Docker keeps the texts of `-v` as a set.
    ...[...new Set(flags.list('volume'))].filter((text) => !isPathAlone(text)).map(volumeOf),
    ...flags.list('mount').map(mountOf),
    ...flags.list('tmpfs').map(tmpfsOf),
  ];
  const seen = new Set<string>();
  for (const { target } of mounts) {
    if (seen.has(target)) throw new CommandError(`Duplicate mount point: ${target}`);
    seen.add(target);
  }
  return mounts.length > 0 ? { mounts } : {};
}

/** `source:target[:modes]`, with a path or the name of a volume as source. */
export function volumeOf(text: string): ContainerMount {
  const [source = '', target = '', modes = '', ...rest] = text.split(':');
  const type = /^[./~]/.test(source) ? 'bind' : 'volume';
  if (source === '') throw new CommandError(`invalid spec: ${text}: empty section between colons`);
  if (rest.length > 0 || target === 'ro' || target === 'rw')
    throw new CommandError(`invalid volume specification: '${text}'`);
  if (!target.startsWith('/'))
    throw new CommandError(
      `invalid volume specification: '${text}': invalid mount config for type "${type}": invalid mount path: '${target || source}' mount path must be absolute`,
    );
  if (type === 'volume') return namedVolumeOf(source, target, modes);
  const mount = { type: 'bind', source: resolve(source), target, createSource: true } as const;
  return modes.split(',').reduce<ContainerMount>((made, mode) => withMode(made, mode, modes), mount);
}

function withMode(mount: ContainerMount, mode: string, modes: string): ContainerMount {
  if (mode === '' || mode === 'nocopy' || IDLE_MODES.has(mode)) return mount;
  if (mode === 'ro') return { ...mount, readOnly: true } as ContainerMount;
  if (isPropagation(mode)) return { ...mount, propagation: mode } as ContainerMount;
  throw new CommandError(`invalid mode: ${modes}`);
}

/** `type=bind,source=…,target=…[,readonly]`, `type=volume[,source=…],target=…` or `type=tmpfs,target=…`. */
export function mountOf(text: string): ContainerMount {
  const invalid = (why: string) =>
    new CommandError(`invalid argument ${JSON.stringify(text)} for "--mount" flag: ${why}`);
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (equals < 0 && !SWITCHES.has(key)) throw invalid(`invalid field '${field}' must be a key=value pair`);
    const name = MOUNT_KEYS[key];
    if (name === undefined) throw invalid(`unexpected key '${key}' in '${field}'`);
    fields.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  const target = fields.get('target');
  if (!target) throw invalid('target is required');
  if (!target.startsWith('/')) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  const type = fields.get('type') ?? 'volume';
  if (type === 'tmpfs') return { type, target, options: tmpfsOptions(fields) };
  if (type !== 'bind' && type !== 'volume')
    throw invalid(`mounts of type ${type} are not offered, use type=bind, type=volume or type=tmpfs`);
  for (const other of ['bind', 'volume'])
    if (other !== type && [...fields.keys()].some((name) => name.startsWith(`${other}-`)))
      throw invalid(`cannot mix '${other}-*' options with mount type '${type}'`);
  if (type === 'volume') return volumeMountOf(fields, target, invalid);
  const source = fields.get('source');
  if (!source) throw invalid('source is required');
  const propagation = fields.get('bind-propagation');
  if (propagation !== undefined && !isPropagation(propagation))
    throw invalid(`invalid propagation value: ${propagation}`);
  return {
    ...{ type, source: resolve(source), target },
    ...(isTrue(fields.get('readonly')) && { readOnly: true }),
    ...(propagation !== undefined && { propagation }),
  };
}

/** Keys that mean yes without a value. */
const SWITCHES = new Set(['readonly', 'ro', 'volume-nocopy']);

const MOUNT_KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'bind-propagation': 'bind-propagation',
  'volume-driver': 'volume-driver',
  'volume-label': 'volume-label',
  'volume-nocopy': 'volume-nocopy',
  'volume-opt': 'volume-opt',
  'volume-subpath': 'volume-subpath',
  'tmpfs-size': 'size',
  'tmpfs-mode': 'mode',
};

function tmpfsOptions(fields: ReadonlyMap<string, string>): string[] {
  const [size, mode] = [fields.get('size'), fields.get('mode')];
  return [
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
    ...(isTrue(fields.get('readonly')) ? ['ro'] : []),
  ];
}

/** `target[:options]`. */
export function tmpfsOf(text: string): ContainerMount {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  if (!target.startsWith('/'))
    throw new CommandError(`invalid mount path: '${target}' mount path must be absolute`);
  const options = colon < 0 ? [] : text.slice(colon + 1).split(',');
  return { type: 'tmpfs', target, ...(options.length > 0 && { options }) };
}

function isPropagation(text: string): text is Propagation {
  return PROPAGATIONS.some((each) => each === text);
}
