import { resolve } from 'node:path';
import type { ContainerMount, ContainerOptions } from '@wherry/core';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;
type Propagation = (typeof PROPAGATIONS)[number];

/** Modes of `-v` that ask for nothing here: there are no SELinux labels, and nothing is cached. */
const IDLE_MODES = new Set(['rw', 'z', 'Z', 'consistent', 'cached', 'delegated', 'nocopy']);

/** `--volume`, `--mount` and `--tmpfs`. Throws `CommandError` in Docker's words. */
export function mountFlags(flags: Flags): Pick<ContainerOptions, 'mounts'> {
  const mounts = [
    ...flags.list('volume').map(volumeOf),
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

/** `source:target[:modes]` with a path as source: there are no named volumes. */
export function volumeOf(text: string): ContainerMount {
  const [source = '', target = '', modes = '', ...rest] = text.split(':');
  if (rest.length > 0 || source === '') throw new CommandError(`invalid volume specification: '${text}'`);
  if (!/^[./~]/.test(source) || target === '')
    throw new CommandError(
      `volume ${text} is not offered: name a directory of the host instead, as in -v "$PWD/data:/data"`,
    );
  if (!target.startsWith('/'))
    throw new CommandError(
      `invalid volume specification: '${text}': invalid mount config for type "bind": invalid mount path: '${target}' mount path must be absolute`,
    );
  const mount = { type: 'bind', source: resolve(source), target, createSource: true } as const;
  return modes.split(',').reduce<ContainerMount>((made, mode) => withMode(made, mode, modes), mount);
}

function withMode(mount: ContainerMount, mode: string, modes: string): ContainerMount {
  if (mode === '' || IDLE_MODES.has(mode)) return mount;
  if (mode === 'ro') return { ...mount, readOnly: true } as ContainerMount;
  if (isPropagation(mode)) return { ...mount, propagation: mode } as ContainerMount;
  throw new CommandError(`invalid mode: ${modes}`);
}

/** `type=bind,source=…,target=…[,readonly]` or `type=tmpfs,target=…`. */
export function mountOf(text: string): ContainerMount {
  const invalid = (why: string) =>
    new CommandError(`invalid argument ${JSON.stringify(text)} for "--mount" flag: ${why}`);
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    if (equals < 0 && key !== 'readonly' && key !== 'ro')
      throw invalid(`invalid field '${field}' must be a key=value pair`);
    const name = MOUNT_KEYS[key];
    if (name === undefined) throw invalid(`unexpected key '${key}' in '${field}'`);
    fields.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  const target = fields.get('target');
  if (!target) throw invalid('target is required');
  if (!target.startsWith('/')) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  const type = fields.get('type') ?? 'volume';
  if (type === 'tmpfs') return { type, target, options: tmpfsOptions(fields) };
  if (type !== 'bind') throw invalid(`mounts of type ${type} are not offered, use type=bind or type=tmpfs`);
  const source = fields.get('source');
  if (!source) throw invalid('source is required');
  const propagation = fields.get('propagation');
  if (propagation !== undefined && !isPropagation(propagation))
    throw invalid(`invalid propagation value: ${propagation}`);
  return {
    ...{ type, source: resolve(source), target },
    ...(isTrue(fields.get('readonly')) && { readOnly: true }),
    ...(propagation !== undefined && { propagation }),
  };
}

const MOUNT_KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'bind-propagation': 'propagation',
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

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}
