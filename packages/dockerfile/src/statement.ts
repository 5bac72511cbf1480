import { BLANKS, type EscapeCharacter, splitOnce, trim } from './characters.ts';
import { DockerfileError } from './errors.ts';
import { quote } from './quote.ts';
import { parseJsonWords, splitFlags, splitWords } from './words.ts';

/** One instruction, divided into words as its kind asks for. */
export interface Statement {
  /** As typed. */
  readonly keyword: string;
  /** The keyword in lower case. */
  readonly name: string;
  /** Words that begin with `--`, without quotes. */
  readonly flags: readonly string[];
  /** ENV and LABEL: name, value and separator (`=`, or empty in the old form) in turn. */
  readonly args: readonly string[];
  /** The arguments were a JSON array. */
  readonly isJson: boolean;
  /** The whole instruction in one line, without blanks around it and without here-documents. */
  readonly text: string;
  /** What ONBUILD is given. */
  readonly trigger?: Statement;
}

type Arguments = Pick<Statement, 'args'> & Partial<Pick<Statement, 'isJson' | 'trigger'>>;
type ArgumentReader = (rest: string, escapeCharacter: EscapeCharacter) => Arguments;

const READERS: ReadonlyMap<string, ArgumentReader> = new Map<string, ArgumentReader>([
  ['add', readJsonOrList],
  ['arg', (rest, escapeCharacter) => ({ args: splitWords(rest, escapeCharacter) })],
  ['cmd', readJsonOrText],
  ['copy', readJsonOrList],
  ['entrypoint', readJsonOrText],
  ['env', (rest, escapeCharacter) => ({ args: namesAndValues(rest, 'ENV', escapeCharacter) })],
  ['expose', readList],
  ['from', readList],
  ['healthcheck', readHealthcheck],
  ['label', (rest, escapeCharacter) => ({ args: namesAndValues(rest, 'LABEL', escapeCharacter) })],
  ['maintainer', readText],
  ['onbuild', readTrigger],
  ['run', readJsonOrText],
  ['shell', readJsonOrText],
  ['stopsignal', readText],
  ['user', readText],
  ['volume', readJsonOrList],
  ['workdir', readText],
]);

/** The instructions there are, in lower case. */
export const INSTRUCTION_NAMES: readonly string[] = [...READERS.keys()];

/**
 * Divides one joined line. A keyword that is none gets no arguments: a later pass refuses it.
 * Throws `DockerfileError` of the kind `syntax`.
 */
export function parseStatement(line: string, escapeCharacter: EscapeCharacter): Statement {
  const text = trim(line);
  const [keyword, behind = ''] = splitOnce(text);
  const { flags, rest } = splitFlags(behind);
  const name = keyword.toLowerCase();
  const read = READERS.get(name)?.(trim(rest), escapeCharacter) ?? { args: [] };
  return { keyword, name, flags, isJson: false, text, ...read };
}

function readText(rest: string): Arguments {
  return { args: rest === '' ? [] : [rest] };
}

function readList(rest: string): Arguments {
  return { args: rest === '' ? [] : rest.split(BLANKS) };
}

function readJsonOrText(rest: string): Arguments {
  const words = parseJsonWords(rest);
  return words === undefined ? readText(rest) : { args: words, isJson: true };
}

function readJsonOrList(rest: string): Arguments {
  const words = parseJsonWords(rest);
  return words === undefined ? readList(rest) : { args: words, isJson: true };
}

/** `CMD` or `NONE`, then a command. */
function readHealthcheck(rest: string): Arguments {
  const end = rest.search(/\s/);
  if (end < 0) return readText(rest);
  const command = readJsonOrText(trim(rest.slice(end)));
  return { ...command, args: [rest.slice(0, end), ...command.args] };
}

function readTrigger(rest: string, escapeCharacter: EscapeCharacter): Arguments {
  if (rest === '') return { args: [] };
  // `ONBUILD ONBUILD` is refused by the next pass; going down further would only let a hostile line pile up calls.
  const [keyword] = splitOnce(rest);
  if (keyword.toLowerCase() === 'onbuild')
    return {
      args: [],
      trigger: { keyword, name: 'onbuild', flags: [], args: [], isJson: false, text: rest },
    };
  return { args: [], trigger: parseStatement(rest, escapeCharacter) };
}

/** `K=V…`, or the old `K V` where the value is the rest of the line: the first word tells which. */
function namesAndValues(rest: string, keyword: string, escapeCharacter: EscapeCharacter): readonly string[] {
  const words = splitWords(rest, escapeCharacter);
  const [first] = words;
  if (first === undefined) return [];
  if (!first.includes('=')) {
    const [name, value] = splitOnce(rest);
    if (value === undefined) throw new DockerfileError('syntax', `${keyword} must have two arguments`);
    return [name, value, ''];
  }
  return words.flatMap((word) => {
    const separator = word.indexOf('=');
    if (separator < 0) throw new DockerfileError('syntax', missingSeparator(word));
    return [word.slice(0, separator), word.slice(separator + 1), '='];
  });
}

function missingSeparator(word: string): string {
  return `Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`;
}
