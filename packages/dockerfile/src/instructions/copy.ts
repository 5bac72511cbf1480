import { type Flags, readFlags } from '../flags.ts';
import { heredocContent, parseHeredocWord } from '../heredocs.ts';
import type { AddInstruction, CopyInstruction, Heredoc } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import { badInstruction, baseOf } from './arguments.ts';

const SHARED_FLAGS = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;

export function parseCopy(statement: PlacedStatement): CopyInstruction {
  requireDestination(statement);
  const flags = readFlags(statement, { ...SHARED_FLAGS, from: 'text', parents: 'boolean' });
  const from = flags.text('from');
  return {
    ...baseOf(statement),
    kind: 'copy',
    ...sourcesAndDestination(statement),
    ...sharedFlags(flags),
    ...(from ? { from } : {}),
    keepsParents: flags.boolean('parents') ?? false,
  };
}

export function parseAdd(statement: PlacedStatement): AddInstruction {
  requireDestination(statement);
  const flags = readFlags(statement, {
    ...SHARED_FLAGS,
    checksum: 'text',
    'keep-git-dir': 'boolean',
    unpack: 'boolean',
  });
  const checksum = flags.text('checksum');
  const keepsGitDirectory = flags.boolean('keep-git-dir');
  const unpack = flags.boolean('unpack');
  return {
    ...baseOf(statement),
    kind: 'add',
    ...sourcesAndDestination(statement),
    ...sharedFlags(flags),
    ...(checksum ? { checksum } : {}),
    ...(keepsGitDirectory === undefined ? {} : { keepsGitDirectory }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

function requireDestination({ name, args }: PlacedStatement): void {
  if (args.length >= 2) return;
  const rule = 'requires at least two arguments, but only one was provided';
  throw badInstruction(`${name.toUpperCase()} ${rule}. Destination could not be determined`);
}

function sharedFlags(flags: Flags) {
  const chown = flags.text('chown');
  const chmod = flags.text('chmod');
  return {
    ...(chown ? { chown } : {}),
    ...(chmod ? { chmod } : {}),
    isLinked: flags.boolean('link') ?? false,
    exclude: flags.list('exclude'),
  };
}

/** A source that announces a here-document is that file; one with the same name twice is the last of them. */
function sourcesAndDestination(statement: PlacedStatement) {
  const destination = statement.args.at(-1) ?? '';
  if (!statement.isJson && parseHeredocWord(destination) !== undefined)
    throw badInstruction(`${statement.name.toUpperCase()} cannot accept a heredoc as a destination`);
  const byName = new Map(statement.heredocs.map((heredoc) => [heredoc.name, heredoc]));
  const sources: string[] = [];
  const heredocs: Heredoc[] = [];
  for (const source of statement.args.slice(0, -1)) {
    const word = statement.isJson ? undefined : parseHeredocWord(source);
    const heredoc = word && byName.get(word.name);
    if (heredoc === undefined) sources.push(source);
    else heredocs.push(toHeredoc(heredoc));
  }
  return { sources, heredocs, destination };
}

export function toHeredoc(heredoc: PlacedStatement['heredocs'][number]): Heredoc {
  const { name, expand, fileDescriptor } = heredoc;
  return { name, content: heredocContent(heredoc), expand, fileDescriptor };
}
