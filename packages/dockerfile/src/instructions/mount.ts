import type { RunMount } from '../instruction.ts';
import { quote } from '../quote.ts';
import { suggest, withSuggestion } from '../suggest.ts';
import { badInstruction } from './arguments.ts';
import { parseCsvLine } from './csv.ts';
import { parseBoolean, parseBytes, parseId, parseMode } from './mount-values.ts';

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const SHARING = ['shared', 'private', 'locked'] as const;
const KEYS = [
  ...[
    'type',
    'from',
    'source',
    'target',
    'readonly',
    'id',
    'sharing',
    'required',
    'size',
    'mode',
    'uid',
    'gid',
  ],
  ...['src', 'dst', 'destination', 'ro', 'rw', 'readwrite', 'env'],
];
const FLAG_KEYS: readonly string[] = ['readonly', 'ro', 'readwrite', 'rw', 'required'];

type Draft = { -readonly [Key in keyof RunMount]?: RunMount[Key] };
type ExpandValue = (value: string) => string;

/**
 * Reads the value of `RUN --mount=`. Without `expand` values with variables stay as they are written where a mount
 * has texts, and are left out where it has others; with it all rules are checked.
 * Throws `DockerfileError` of the kind `instruction`, and what `expand` throws. BK reference, "RUN --mount".
 */
export function parseMount(text: string, expand?: ExpandValue): RunMount {
  const csv = parseCsvLine(text);
  if ('problem' in csv) throw badInstruction(`failed to parse csv mounts: ${csv.problem}`);
  const draft: Draft = {};
  let isComplete = true;
  for (const field of csv.fields) {
    const separator = field.indexOf('=');
    const key = (separator < 0 ? field : field.slice(0, separator)).toLowerCase();
    if (separator < 0 && !FLAG_KEYS.includes(key))
      throw badInstruction(`invalid field '${field}' must be a key=value pair`);
    const written = separator < 0 ? 'true' : field.slice(separator + 1);
    const isOpen = expand === undefined && /\$./.test(written);
    if (isOpen && key === 'from')
      throw badInstruction(`'${key}' doesn't support variable expansion, define alias stage instead`);
    if (isOpen) isComplete = false;
    const value = expand === undefined ? written : expand(written);
    setValue(draft, { key, value, field, isOpen, isComplete });
  }
  const mount = { ...draft, type: draft.type ?? 'bind' };
  if (isComplete) validate(mount);
  return mount;
}

interface Entry {
  readonly key: string;
  readonly value: string;
  /** As written. */
  readonly field: string;
  /** Its variables have no values yet. */
  readonly isOpen: boolean;
  /** No entry so far is open. */
  readonly isComplete: boolean;
}

function setValue(draft: Draft, entry: Entry): void {
  if (setText(draft, entry.key, entry.value)) return;
  if (!KEYS.includes(entry.key)) {
    const message = `unexpected key '${entry.key}' in '${entry.field}'`;
    throw badInstruction(withSuggestion(message, suggest(entry.key, KEYS)));
  }
  requireType(draft, entry);
  if (!entry.isOpen) setParsed(draft, entry.key, entry.value);
}

/** Whether the key is one whose value stays a text. */
function setText(draft: Draft, key: string, value: string): boolean {
  if (key === 'from') draft.from = value;
  else if (key === 'source' || key === 'src') draft.source = value;
  else if (key === 'target' || key === 'dst' || key === 'destination') draft.target = value;
  else if (key === 'id') draft.id = value;
  else if (key === 'env') draft.env = value;
  else return false;
  return true;
}

/** Two keys belong to some types only, which must stand before them. */
function requireType(draft: Draft, { key, isComplete }: Entry): void {
  const type = draft.type ?? 'bind';
  const isSecret = type === 'secret' || type === 'ssh';
  if (!isComplete || (key === 'required' ? isSecret : key !== 'size' || type === 'tmpfs')) return;
  throw badInstruction(`unexpected key '${key}' for mount type '${type}'`);
}

function setParsed(draft: Draft, key: string, value: string): void {
  switch (key) {
    case 'type':
      draft.type = oneOf(TYPES, value, 'mount type');
      break;
    case 'sharing':
      draft.sharing = oneOf(SHARING, value, 'sharing value');
      break;
    case 'readonly':
    case 'ro':
      draft.isReadOnly = parseBoolean(key, value);
      break;
    case 'readwrite':
    case 'rw':
      draft.isReadOnly = !parseBoolean(key, value);
      break;
    case 'required':
      draft.isRequired = parseBoolean(key, value);
      break;
    case 'size':
      draft.size = parseBytes(key, value);
      break;
    case 'mode':
      draft.mode = parseMode(value);
      break;
    default:
      draft[key === 'uid' ? 'uid' : 'gid'] = parseId(key, value);
  }
}

function oneOf<Name extends string>(names: readonly Name[], value: string, what: string): Name {
  const name = names.find((known) => known === value.toLowerCase());
  if (name !== undefined) return name;
  throw badInstruction(withSuggestion(`unsupported ${what} ${quote(value)}`, suggest(value, names)));
}

function validate(mount: RunMount): void {
  const { type, mode, uid, gid } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const [key, value] of Object.entries({ mode, uid, gid }))
      if (value !== undefined) throw badInstruction(`${key} not allowed for ${quote(type)} type mounts`);
  }
  if (mount.env !== undefined && type !== 'secret')
    throw badInstruction(`env not allowed for ${quote(type)} type mounts`);
  if (type === 'secret') validateSecret(mount);
  if (mount.sharing !== undefined && type !== 'cache')
    throw badInstruction(`invalid cache sharing set for ${type} mount`);
}

function validateSecret({ from, sharing, source, target, id }: RunMount): void {
  if (from) throw badInstruction('secret mount should not have a from');
  if (sharing !== undefined) throw badInstruction('secret mount should not define sharing');
  if (!source && !target && !id) throw badInstruction('invalid secret mount. one of source, target required');
  if (source && id) throw badInstruction("both source and id can't be set");
}
