import { WherryError } from '../errors.ts';
import type { Healthcheck } from '../oci/image-config.ts';

const DURATION_FLAGS = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
} as const;

const UNIT_NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * Reads what follows `HEALTHCHECK`: `NONE`, or `[--flag=value …] CMD …` in exec or shell form.
 * Throws `INVALID_ARGUMENT` with Docker's message.
 */
export function parseHealthcheck(text: string): Healthcheck {
  const { flags, rest } = readFlags(text);
  const [, type = '', command = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  switch (type.toUpperCase()) {
    case 'NONE':
      if (command !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
      return { Test: ['NONE'] };
    case 'CMD':
      if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
      return { Test: readTest(command), ...readOptions(flags) };
    default:
      throw invalid(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  }
}

function readFlags(text: string): { flags: Map<string, string>; rest: string } {
  const flags = new Map<string, string>();
  let rest = text;
  for (;;) {
    const match = /^--(\S+)\s*/.exec(rest);
    if (match === null) return { flags, rest };
    rest = rest.slice(match[0].length);
    const [name = '', value] = splitOnce(match[1] ?? '');
    if (name !== 'retries' && !Object.hasOwn(DURATION_FLAGS, name)) throw invalid(`Unknown flag: ${name}`);
    if (value === undefined) throw invalid(`Missing a value on flag: ${name}`);
    if (flags.has(name)) throw invalid(`Duplicate flag specified: ${name}`);
    flags.set(name, value);
  }
}

function readOptions(flags: ReadonlyMap<string, string>): Omit<Healthcheck, 'Test'> {
  const options: Record<string, number> = {};
  for (const [flag, field] of Object.entries(DURATION_FLAGS)) {
    const value = flags.get(flag);
    const nanoseconds = value === undefined ? 0 : parseDuration(value);
    if (value === undefined || nanoseconds === 0) continue;
    if (nanoseconds < 1e6) throw invalid(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
    options[field] = nanoseconds;
  }
  const retries = flags.get('retries');
  if (retries !== undefined) {
    if (!/^[+-]?\d{1,9}$/.test(retries))
      throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(retries)}: invalid syntax`);
    if (Number(retries) < 1) throw invalid(`--retries must be at least 1 (not ${retries})`);
    options.Retries = Number(retries);
  }
  return options;
}

function readTest(command: string): string[] {
  if (command.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(command);
      if (Array.isArray(list) && list.every((item): item is string => typeof item === 'string'))
        return ['CMD', ...list];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return ['CMD-SHELL', command];
}

/** Reads Go's durations, `1h15m30.5s`, as nanoseconds. Throws `INVALID_ARGUMENT` in Go's words. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const unsigned = text.replace(/^[+-]/, '');
  if (unsigned === '0') return 0;
  let total = 0;
  let at = 0;
  const part = /(\d+\.?\d*|\.\d+)([a-zµμ]+)/gy;
  for (let match = part.exec(unsigned); match !== null; match = part.exec(unsigned)) {
    const unit = UNIT_NANOSECONDS[match[2] ?? ''];
    if (unit === undefined)
      throw invalid(`time: unknown unit ${JSON.stringify(match[2])} in duration ${quoted}`);
    total += Math.round(Number(match[1]) * unit);
    at = part.lastIndex;
  }
  if (at !== unsigned.length || at === 0 || !Number.isSafeInteger(total))
    throw invalid(`time: ${/^[\d.]+$/.test(unsigned) ? 'missing unit in' : 'invalid'} duration ${quoted}`);
  return text.startsWith('-') ? -total : total;
}

function splitOnce(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(message: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message);
}
