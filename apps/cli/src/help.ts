import { type Command, Help, type Option } from 'commander';
import type { DockerCommand } from './docker-command.ts';
import { FlagOption } from './flags.ts';
import { PROGRAM } from './program.ts';

/** Columns that a line may go over its limit to avoid a short last line, and the least that is worth wrapping. */
const WRAP_SLOP = 5;
const MIN_WRAP = 24;
const NARROW_INDENT = 16;
/** Command names are padded to this, as Docker does whatever their lengths. */
const NAME_WIDTH = 11;

/** Lays out help texts as Docker does. */
export class DockerHelp extends Help {
  override formatHelp(command: DockerCommand, helper: Help): string {
    const { alsoKnownAs } = command;
    const groups = helper.groupItems(
      [...command.commands],
      helper.visibleCommands(command),
      (each) => each.helpGroup() || 'Commands:',
    );
    const flags = helper.visibleOptions(command);
    return [
      `Usage:  ${helper.commandUsage(command)}`,
      helper.commandDescription(command),
      ...(alsoKnownAs.length === 0
        ? []
        : [`Aliases:\n  ${alsoKnownAs.map((name) => `${PROGRAM} ${name}`).join(', ')}`]),
      ...[...groups].map(([heading, commands]) => `${heading}\n${this.#commandLines(commands)}`),
      ...(flags.length === 0 ? [] : [`${command.optionsGroup() || 'Options:'}\n${this.#flagLines(flags)}`]),
      ...(groups.size === 0
        ? []
        : [`Run '${command.path} COMMAND --help' for more information on a command.`]),
    ]
      .join('\n\n')
      .concat('\n');
  }

  override commandUsage(command: Command): string {
    return command.usage();
  }

  override visibleOptions(command: Command): Option[] {
    return super.visibleOptions(command).sort((a, b) => (a.name() < b.name() ? -1 : 1));
  }

  override optionTerm(option: Option): string {
    const names = option.short === undefined ? `      ${option.long}` : `  ${option.short}, ${option.long}`;
    return option instanceof FlagOption && option.type !== 'bool' ? `${names} ${option.typeName}` : names;
  }

  override optionDescription({ description, defaultValue }: Option): string {
    if (defaultValue === undefined || defaultValue === false) return description;
    return `${description} (default ${typeof defaultValue === 'string' ? JSON.stringify(defaultValue) : defaultValue})`;
  }

  #commandLines(commands: readonly Command[]): string {
    return commands.map((each) => `  ${each.name().padEnd(NAME_WIDTH)} ${each.summary()}`).join('\n');
  }

  /** The table of flags, wrapped to the terminal. spf13/pflag, `FlagUsagesWrapped`. */
  #flagLines(flags: readonly Option[]): string {
    const indent = Math.max(...flags.map((flag) => this.optionTerm(flag).length)) + 3;
    return flags
      .map((flag) => {
        const usage = wrapText(this.optionDescription(flag), indent, (this.helpWidth ?? 0) - 1);
        return `${this.optionTerm(flag).padEnd(indent)}${usage}`;
      })
      .join('\n');
  }
}

function wrapText(text: string, indent: number, columns: number): string {
  let margin = indent;
  let lead = '';
  if (columns - margin < MIN_WRAP) {
    margin = NARROW_INDENT;
    lead = `\n${' '.repeat(margin)}`;
  }
  if (columns - margin < MIN_WRAP) return text.replaceAll('\n', `\n${' '.repeat(margin)}`);
  const limit = columns - margin - WRAP_SLOP;
  const lines: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const head = rest.slice(0, limit);
    const end = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\n'));
    const lineEnd = head.lastIndexOf('\n');
    const cut = rest.length < limit + WRAP_SLOP ? -1 : lineEnd > 0 && lineEnd < end ? lineEnd : end;
    lines.push(cut <= 0 ? rest : rest.slice(0, cut));
    rest = cut <= 0 ? '' : rest.slice(cut + 1);
  }
  return lead + lines.join('\n').replaceAll('\n', `\n${' '.repeat(margin)}`);
}
