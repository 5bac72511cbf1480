import { WherryError } from '../../errors.ts';

const FACTORS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Reads a size as people write it, `1.5GB`, in decimal units: bytes, rounded down. `K`, `KB` and `KiB` are all
 * 1000, as everywhere in Docker. Throws `INVALID_ARGUMENT`. docker/go-units, `FromHumanSize`.
 */
export function parseHumanSize(text: string): number {
  const [, head, suffix = ''] = /^(.*[\d. ])([^\d. ]*)$/s.exec(text) ?? [];
  if (head === undefined) throw invalid(`invalid size: '${text}'`, text);
  const digits = head.endsWith(' ') ? head.slice(0, -1) : head;
  if (!NUMBER.test(digits))
    throw invalid(`strconv.ParseFloat: parsing ${JSON.stringify(digits)}: invalid syntax`, text);
  const number = Number(digits);
  if (number < 0) throw invalid(`invalid size: '${text}'`, text);
  return Math.floor(number * factorOf(suffix.toLowerCase(), text));
}

function factorOf(suffix: string, text: string): number {
  if (suffix === '' || suffix === 'b') return 1;
  const [, unit = ''] = /^([kmgtp])(?:i?b)?$/.exec(suffix) ?? [];
  const factor = FACTORS[unit];
  if (factor === undefined) throw invalid(`invalid suffix: '${suffix}'`, text);
  return factor;
}

function invalid(message: string, text: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', message, {
    hint: 'write a number and a unit, such as 100MB or 1.5GB',
    details: { size: text },
  });
}
