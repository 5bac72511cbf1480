import { parseMilliseconds, parseSize } from './quantities.ts';
import type { ListField, RowField } from './section.ts';

/** A value that will do, or what is wrong with it, to be said after the key's name. */
export type Checked = { readonly value: unknown } | { readonly problem: string };

/** Checks what a file says of a key. */
export function checkValue(field: RowField, raw: unknown): Checked {
  switch (field.kind) {
    case 'boolean':
      return typeof raw === 'boolean' ? { value: raw } : { problem: 'must be true or false' };
    case 'integer':
      return checkInteger(raw, field.min, field.max);
    case 'size':
      return checkQuantity(raw, parseSize, field.min, 'a size such as "512MiB" or "20GB"');
    case 'duration':
      return checkQuantity(raw, parseMilliseconds, field.min, 'a duration such as "90s" or "1h30m"');
    case 'string':
      return checkText(raw, field.choices, field.check);
    case 'map':
      return isMap(raw) ? { value: raw } : { problem: 'must be a table of strings' };
    case 'list':
      return checkList(raw, field);
  }
}

/** What a variable or a flag says, as a file would: entries of lists and `name=value` of maps are separated by commas. */
export function rawOf(field: RowField, text: string): unknown {
  if (field.kind === 'boolean') return BOOLEANS.get(text.toLowerCase()) ?? text;
  if (field.kind === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (field.kind !== 'list' && field.kind !== 'map') return text;
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return field.kind === 'list' ? entries : Object.fromEntries(entries.map(pairOf));
}

/** `name=value`; what has no value is not accepted later on. */
function pairOf(entry: string): [string, string] {
  const mark = entry.indexOf('=');
  return mark === -1 ? [entry, ''] : [entry.slice(0, mark).trim(), entry.slice(mark + 1).trim()];
}

function isMap(raw: unknown): boolean {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || raw instanceof Date) return false;
  return Object.values(raw).every((value) => typeof value === 'string' && value !== '');
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function checkInteger(raw: unknown, min: number, max: number): Checked {
  const fits = typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max;
  return fits ? { value: raw } : { problem: `must be a whole number from ${min} to ${max}` };
}

function checkQuantity(
  raw: unknown,
  parse: (text: string) => number | undefined,
  min: number | undefined,
  want: string,
): Checked {
  // A bare number has no unit, except that bytes are what sizes are of.
  const isBare = typeof raw === 'number' && parse === parseSize;
  const value = typeof raw === 'string' || isBare ? parse(String(raw)) : undefined;
  if (value === undefined) return { problem: `is ${JSON.stringify(raw)}, want ${want}` };
  return value < (min ?? 0) ? { problem: `is ${JSON.stringify(raw)}, which is too small` } : { value };
}

function checkText(
  raw: unknown,
  choices: readonly string[] | undefined,
  check: ((text: string) => string | undefined) | undefined,
): Checked {
  if (typeof raw !== 'string' || raw === '') return { problem: 'must be a string that is not empty' };
  if (choices && !choices.includes(raw))
    return { problem: `is ${JSON.stringify(raw)}, want ${choices.map((each) => `"${each}"`).join(' or ')}` };
  const problem = check?.(raw);
  return problem === undefined ? { value: raw } : { problem: `is ${JSON.stringify(raw)}, ${problem}` };
}

function checkList(raw: unknown, { check, choices, required }: ListField): Checked {
  if (!Array.isArray(raw) || !raw.every((entry) => typeof entry === 'string' && entry !== ''))
    return { problem: 'must be a list of strings' };
  if (required && raw.length === 0) return { problem: 'must not be empty' };
  for (const entry of raw as string[]) {
    const problem = choices && !choices.includes(entry) ? `want ${choices.join(', ')}` : check?.(entry);
    if (problem !== undefined) return { problem: `has ${JSON.stringify(entry)}, ${problem}` };
  }
  return { value: raw };
}
