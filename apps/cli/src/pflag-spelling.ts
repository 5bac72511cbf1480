import type { Option } from 'commander';

/** A command line in commander's spelling, up to the first word that is at fault. */
export interface Respelled {
  readonly words: string[];
  /** What is wrong with the next word, as Docker says it. */
  readonly fault?: string;
}

/**
 * Rewrites what Docker's flag library (spf13/pflag) reads otherwise than commander. To both, a flag with a preset
 * may stand without its value, but pflag then never takes the next word for it: the preset is written in. So
 * `-aq` becomes `-atrue -qtrue`, and `-o=x` becomes `-ox`. What is a value of its own or stands behind `--` stays.
 * Flags may stand between arguments unless `isInterspersed` is false: then the first argument ends them.
 */
export function respell(
  options: readonly Option[],
  argv: readonly string[],
  isInterspersed: boolean,
): Respelled {
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      // Without the dashes, a command that stands behind them still has flags.
      if (isInterspersed || isFlag(rest[0])) words.push(word);
      break;
    }
    if (!isFlag(word)) {
      words.push(word);
      if (isInterspersed) continue;
      break;
    }
    const flags = word.startsWith('--') ? respellLong(options, word) : respellShorts(options, word.slice(1));
    words.push(...flags.words);
    if (flags.fault !== undefined) return { words, fault: flags.fault };
    if (flags.missing === undefined) continue;
    const value = rest.shift();
    if (value === undefined)
      return { words: words.slice(0, -1), fault: `flag needs an argument: ${flags.missing}` };
    words.push(value);
  }
  return { words: [...words, ...rest] };
}

/** A lone dash is none. */
function isFlag(word = ''): boolean {
  return word.length > 1 && word.startsWith('-');
}

interface RespelledFlags extends Respelled {
  /** The last flag, when its value is the next word; as Docker names it. */
  readonly missing?: string;
}

function respellLong(options: readonly Option[], word: string): RespelledFlags {
  if (/^--[-=]/.test(word)) return { words: [], fault: `bad flag syntax: ${word}` };
  const [name = word] = word.split('=', 1);
  const option = options.find(({ long }) => long === name);
  if (option === undefined) return { words: [], fault: `unknown flag: ${name}` };
  if (name !== word) return { words: [word] };
  if (option.presetArg === undefined) return { words: [word], missing: word };
  return { words: [`${word}=${option.presetArg}`] };
}

function respellShorts(options: readonly Option[], letters: string): RespelledFlags {
  const words: string[] = [];
  for (let rest = letters; rest !== ''; ) {
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    const after = rest.slice(letter.length);
    const option = options.find(({ short }) => short === `-${letter}`);
    if (option === undefined) return { words, fault: `unknown shorthand flag: '${letter}' in -${rest}` };
    if (after.length > 1 && after.startsWith('='))
      return { words: [...words, `-${letter}${after.slice(1)}`] };
    if (option.presetArg === undefined) {
      words.push(`-${rest}`);
      return after === '' ? { words, missing: `'${letter}' in -${rest}` } : { words };
    }
    words.push(`-${letter}${option.presetArg}`);
    rest = after;
  }
  return { words };
}
