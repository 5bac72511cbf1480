import { parseDuration } from '../duration.ts';
import { type Flags, readFlags } from '../flags.ts';
import type { HealthcheckInstruction } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { quote } from '../quote.ts';
import { badInstruction, baseOf, requireAny } from './arguments.ts';

const FLAGS = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;
const MIN_NANOSECONDS = 1_000_000n;
const MAX_RETRIES = 2 ** 31 - 1;

const NO_TIMES = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };

export function parseHealthcheck(statement: PlacedStatement): HealthcheckInstruction {
  requireAny(statement);
  const type = statement.args[0]?.toUpperCase() ?? '';
  const words = statement.args.slice(1);
  if (type === 'NONE') {
    if (words.length > 0) throw badInstruction('HEALTHCHECK NONE takes no arguments');
    return { ...baseOf(statement), kind: 'healthcheck', test: ['NONE'], ...NO_TIMES };
  }
  const flags = readFlags(statement, FLAGS);
  if (type !== 'CMD') throw badInstruction(`Unknown type ${quote(type)} in HEALTHCHECK (try CMD)`);
  if (words.length === 0) throw badInstruction('Missing command after HEALTHCHECK CMD');
  return {
    ...baseOf(statement),
    kind: 'healthcheck',
    test: [statement.isJson ? 'CMD' : 'CMD-SHELL', ...words],
    interval: duration(flags, 'interval'),
    timeout: duration(flags, 'timeout'),
    startPeriod: duration(flags, 'start-period'),
    startInterval: duration(flags, 'start-interval'),
    retries: retries(flags.text('retries')),
  };
}

function duration(flags: Flags, name: string): number {
  const text = flags.text(name);
  if (!text) return 0;
  const result = parseDuration(text);
  if ('problem' in result) throw badInstruction(result.problem);
  if (result.nanoseconds !== 0n && result.nanoseconds < MIN_NANOSECONDS)
    throw badInstruction(`Interval ${quote(name)} cannot be less than 1ms`);
  return Number(result.nanoseconds);
}

/** The texts of mistakes are those of Go's `strconv.ParseInt`. */
function retries(text: string | undefined): number {
  if (!text) return 0;
  if (!/^[+-]?\d+$/.test(text))
    throw badInstruction(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const count = Number(text);
  if (count > MAX_RETRIES || count < -MAX_RETRIES - 1)
    throw badInstruction(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  if (count < 0) throw badInstruction(`--retries cannot be negative (${count})`);
  return count;
}
