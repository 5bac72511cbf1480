import { badInstruction } from './arguments.ts';

const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False'];
const BYTES = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i;
const UNITS = ['', 'k', 'm', 'g', 't', 'p'];
const MAX_ID = 2 ** 32 - 1;

/** What Go's `strconv.ParseBool` takes. */
export function parseBoolean(key: string, value: string): boolean {
  if (!TRUE.includes(value) && !FALSE.includes(value))
    throw badInstruction(`invalid value for ${key}: ${value}`);
  return TRUE.includes(value);
}

/** A size such as `64m` in bytes; units are powers of 1024. */
export function parseBytes(key: string, value: string): number {
  const [, amount, unit = ''] = BYTES.exec(value) ?? [];
  if (amount === undefined) throw badInstruction(`invalid value for ${key}: ${value}`);
  const bytes = Math.trunc(Number(amount) * 1024 ** UNITS.indexOf(unit.toLowerCase()));
  if (!Number.isSafeInteger(bytes)) throw badInstruction(`invalid value for ${key}: ${value}`);
  return bytes;
}

/** Permission bits in octal. */
export function parseMode(value: string): number {
  const mode = /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) : Number.NaN;
  if (!(mode <= MAX_ID)) throw badInstruction(`invalid value ${value} for mode`);
  return mode;
}

export function parseId(key: string, value: string): number {
  const id = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(id <= MAX_ID)) throw badInstruction(`invalid value ${value} for ${key}`);
  return id;
}
