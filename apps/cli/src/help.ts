import type { CommandSpec, GroupSpec } from './command.ts';
import type { FlagSpec } from './flags.ts';
import {
  COMMON_COMMANDS,
  GLOBAL_FLAGS,
  GROUPS,
  OTHER_COMMANDS,
  PROGRAM,
  PROGRAM_SUMMARY,
} from './program.ts';

const DEFAULT_COLUMNS = 80;
/** Columns that a line may go over its limit to avoid a short last line, and the least that is worth wrapping. */
const WRAP_SLOP = 5;
const MIN_WRAP = 24;
const NARROW_INDENT = 16;

/** `Usage:` and what follows of a command. `path` is what the user typed to reach it. */
export function usageLine(path: readonly string[], spec: CommandSpec): string {
  return [...path, spec.usage].filter((part) => part !== '').join(' ');
}

/** A command's help text, as Docker lays it out. */
export function commandHelp(path: readonly string[], spec: CommandSpec, columns?: number): string {
  const sections = [`Usage:  ${usageLine(path, spec)}`, spec.description ?? spec.summary];
  if (spec.alsoKnownAs !== undefined)
    sections.push(`Aliases:\n  ${spec.alsoKnownAs.map((name) => `${PROGRAM} ${name}`).join(', ')}`);
  if (spec.flags.length > 0) sections.push(`Options:\n${flagLines(spec.flags, columns)}`);
  return `${sections.join('\n\n')}\n`;
}

/** A command group's help text. */
export function groupHelp(group: GroupSpec): string {
  return [
    `Usage:  ${PROGRAM} ${group.name} COMMAND`,
    group.summary,
    `Commands:\n${commandLines(group.commands)}`,
    `Run '${PROGRAM} ${group.name} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

/** The whole program's help text. */
export function programHelp(columns?: number): string {
  return [
    `Usage:  ${PROGRAM} [OPTIONS] COMMAND`,
    PROGRAM_SUMMARY,
    `Common Commands:\n${commandLines(COMMON_COMMANDS)}`,
    `Management Commands:\n${commandLines(GROUPS)}`,
    `Commands:\n${commandLines(OTHER_COMMANDS)}`,
    `Global Options:\n${flagLines(GLOBAL_FLAGS, columns)}`,
    `Run '${PROGRAM} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

/** Command names are padded to this, as Docker does whatever their lengths. */
const NAME_WIDTH = 11;

function commandLines(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  return commands.map(({ name, summary }) => `  ${name.padEnd(NAME_WIDTH)} ${summary}`).join('\n');
}

/** The table of flags, sorted by name, wrapped to the terminal. spf13/pflag, `FlagUsagesWrapped`. */
export function flagLines(flags: readonly FlagSpec[], columns = DEFAULT_COLUMNS): string {
  const rows = flags
    .filter((flag) => flag.hidden !== true)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => ({ head: flagHead(flag), usage: flag.usage + shownDefault(flag) }));
  const width = Math.max(...rows.map(({ head }) => head.length));
  return rows
    .map(({ head, usage }) => `${head.padEnd(width + 3)}${wrapText(usage, width + 3, columns - 1)}`)
    .join('\n');
}

function flagHead(flag: FlagSpec): string {
  const names = flag.short === undefined ? `      --${flag.name}` : `  -${flag.short}, --${flag.name}`;
  return flag.type === 'bool' ? names : `${names} ${flag.type}`;
}

function shownDefault(flag: FlagSpec): string {
  if (flag.default === undefined || flag.default === false) return '';
  return ` (default ${typeof flag.default === 'string' ? JSON.stringify(flag.default) : flag.default})`;
}

function wrapText(text: string, indent: number, columns: number): string {
  let margin = indent;
  let lead = '';
  if (columns - margin < MIN_WRAP) {
    margin = NARROW_INDENT;
    lead = `\n${' '.repeat(margin)}`;
  }
  if (columns - margin < MIN_WRAP) return text;
  const limit = columns - margin - WRAP_SLOP;
  const lines: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const cut = rest.length < limit + WRAP_SLOP ? -1 : rest.slice(0, limit).lastIndexOf(' ');
    lines.push(cut <= 0 ? rest : rest.slice(0, cut));
    rest = cut <= 0 ? '' : rest.slice(cut + 1);
  }
  return lead + lines.join(`\n${' '.repeat(margin)}`);
}
