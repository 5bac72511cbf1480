import { WherryError } from '../../errors.ts';

/** Makes of a file's permission bits those that it gets. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const MAX_MODE = 0o7777;
const EXECUTE = 0o111;
/** All that belongs to a class of users, setuid and setgid included. */
const CLASS_BITS: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o7777 };
const PERMISSION_BITS: Readonly<Record<string, number>> = {
  r: 0o444,
  w: 0o222,
  x: EXECUTE,
  s: 0o6000,
  t: 0o1000,
};
const CLASS_SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/;

/** One `+rw` of a clause. */
interface ModeAction {
  readonly who: string;
  readonly operator: string;
  readonly permissions: string;
}

/**
 * Reads `--chmod`: octal, or symbolic as chmod(1) takes it (`u=rwX,go=rX`), with a umask of 0.
 * BK reference, "COPY --chmod". Throws `INVALID_ARGUMENT` in BuildKit's words.
 */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= MAX_MODE) return () => mode;
    throw invalidMode(text);
  }
  const actions = text.split(',').flatMap((clause) => parseClause(clause) ?? failed(text));
  return (mode, isDirectory) =>
    actions.reduce((bits, action) => apply(action, bits, isDirectory || (mode & EXECUTE) !== 0), mode);
}

function parseClause(clause: string): ModeAction[] | undefined {
  const [, who, actions] = CLAUSE.exec(clause) ?? [];
  if (who === undefined || actions === undefined) return undefined;
  return [...actions.matchAll(/([-+=])([^-+=]*)/g)].map(([, operator = '', permissions = '']) => ({
    who: who === '' ? 'a' : who,
    operator,
    permissions,
  }));
}

/** `mayExecute`: what `X` asks for, of the mode that the file came with. */
function apply({ who, operator, permissions }: ModeAction, mode: number, mayExecute: boolean): number {
  let mask = 0;
  for (const letter of who) mask |= CLASS_BITS[letter] ?? 0;
  let bits = 0;
  for (const letter of permissions) bits |= permissionBits(letter, mode, mayExecute);
  // `o+t` sets the sticky bit, yet `o=` leaves it alone.
  bits &= who.includes('o') ? mask | 0o1000 : mask;
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  return (mode & ~mask) | bits;
}

function permissionBits(letter: string, mode: number, mayExecute: boolean): number {
  if (letter === 'X') return mayExecute ? EXECUTE : 0;
  const shift = CLASS_SHIFT[letter];
  if (shift === undefined) return PERMISSION_BITS[letter] ?? 0;
  return ((mode >> shift) & 7) * EXECUTE;
}

function failed(text: string): never {
  throw invalidMode(text);
}

function invalidMode(text: string): WherryError {
  return new WherryError(
    'INVALID_ARGUMENT',
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
  );
}
