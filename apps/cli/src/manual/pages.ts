import type { CommandSpec, GroupSpec } from '../command.ts';
import { type FlagSpec, shownType } from '../flags.ts';
import {
  COMMON_COMMANDS,
  GLOBAL_FLAGS,
  GROUPS,
  OTHER_COMMANDS,
  PROGRAM,
  PROGRAM_SUMMARY,
} from '../program.ts';
import { bold, escapeText, italic, lines, request } from './roff.ts';

/** A page of the manual, section 1, in the `man` macros of roff. */
export interface ManualPage {
  /** `wherry-image-prune.1`. */
  readonly file: string;
  readonly text: string;
}

const ENVIRONMENT: readonly (readonly [name: string, text: string])[] = [
  ['WHERRY_ROOT', 'Directory of the content store, where --root does not name one.'],
  ['DOCKER_CONFIG', "Directory of Docker's config.json."],
  ['DOCKER_DEFAULT_PLATFORM', 'What --platform is when it is not given.'],
  ['WHERRY_DEBUG', 'When it is set, errors are printed with their causes and their stack.'],
];

const EXIT_CODES: readonly (readonly [code: string, text: string])[] = [
  ['0', 'Success.'],
  ['1', 'Failure.'],
  ['10', 'pull --check and outdated: something is newer in its registry.'],
  ['64', 'The format of inspect, info or version is no template.'],
  ['125', 'The command line cannot be read.'],
  ['130, 143', 'Ended by SIGINT, by SIGTERM.'],
];

/** All pages: the program's, one for each group, and one for each name of each command. */
export function manualPages(version: string): ManualPage[] {
  const top = [...COMMON_COMMANDS, ...OTHER_COMMANDS];
  const pages = top.flatMap((spec) => [
    commandPage([spec.name], spec, version),
    ...(spec.below ?? []).flatMap((each) => pagesBelow([spec.name, each.name], each, version)),
  ]);
  for (const group of GROUPS) {
    pages.push(groupPage([group.name], group, version));
    for (const spec of group.commands) {
      const same = top.find(({ load }) => load === spec.load);
      const path = [group.name, spec.name];
      pages.push(same === undefined ? commandPage(path, spec, version) : aliasPage(path, [same.name]));
    }
  }
  return [programPage(version), ...pages];
}

function programPage(version: string): ManualPage {
  const inGroup = ({ name, commands }: GroupSpec) =>
    commands.map((spec) => ({ ...spec, name: `${name} ${spec.name}` }));
  const commands = [...COMMON_COMMANDS, ...OTHER_COMMANDS].sort((a, b) => (a.name < b.name ? -1 : 1));
  return page([], PROGRAM_SUMMARY, version, [
    synopsis([PROGRAM], '[OPTIONS] COMMAND'),
    ...section('DESCRIPTION', 'Handles container images as Docker does, without a daemon.'),
    ...section('OPTIONS', ...GLOBAL_FLAGS.flatMap(flagLines)),
    ...section('COMMANDS', ...[...commands, ...GROUPS.flatMap(inGroup)].flatMap(commandLines)),
    ...section('ENVIRONMENT', ...ENVIRONMENT.flatMap(([name, text]) => tagged(bold(name), escapeText(text)))),
    ...section('EXIT STATUS', ...EXIT_CODES.flatMap(([code, text]) => tagged(bold(code), escapeText(text)))),
  ]);
}

/** Of a command or a group below a command. */
function pagesBelow(path: readonly string[], group: CommandSpec | GroupSpec, version: string): ManualPage[] {
  if (!('commands' in group)) return [commandPage(path, group, version)];
  const commands = group.commands.map((spec) => commandPage([...path, spec.name], spec, version));
  return [groupPage(path, group, version), ...commands];
}

function groupPage(path: readonly string[], { summary, commands }: GroupSpec, version: string): ManualPage {
  return page(path, summary, version, [
    synopsis([PROGRAM, ...path], 'COMMAND'),
    ...section('DESCRIPTION', `${escapeText(summary)}.`),
    ...section('COMMANDS', ...commands.flatMap(commandLines)),
    ...seeAlso(['wherry', ...commands.map((spec) => ['wherry', ...path, spec.name].join('-'))]),
  ]);
}

function commandPage(path: readonly string[], spec: CommandSpec, version: string): ManualPage {
  const { alsoKnownAs = [], below = [], description, flags, summary, usage } = spec;
  const visible = flags.filter(({ hidden }) => hidden !== true);
  const names = alsoKnownAs.map((name) => bold(`${PROGRAM} ${name}`)).join(',\n');
  return page(path, summary, version, [
    synopsis([PROGRAM, ...path], usage),
    ...section('DESCRIPTION', lines(sentences(description ?? summary))),
    ...(alsoKnownAs.length > 1 ? ['.PP', 'The same command is', `${names}.`] : []),
    ...(visible.length > 0 ? section('OPTIONS', ...visible.flatMap(flagLines)) : []),
    ...(below.length > 0 ? section('COMMANDS', ...below.flatMap(commandLines)) : []),
    ...seeAlso(['wherry', ...below.map(({ name }) => ['wherry', ...path, name].join('-'))]),
  ]);
}

/** A page that is another one. */
function aliasPage(path: readonly string[], other: readonly string[]): ManualPage {
  return { file: fileOf(path), text: `.so man1/${fileOf(other)}\n` };
}

function page(
  path: readonly string[],
  summary: string,
  version: string,
  body: readonly string[],
): ManualPage {
  const name = [PROGRAM, ...path].join('-');
  const head = [
    // No date: the same sources make the same page.
    request('TH', name.toUpperCase(), '1', '', `${PROGRAM} ${version}`, `${PROGRAM} manual`),
    '.ad l',
    '.nh',
    '.SH NAME',
    `${escapeText(name)} \\- ${escapeText(summary)}`,
  ];
  return { file: fileOf(path), text: `${[...head, ...body].join('\n')}\n` };
}

function fileOf(path: readonly string[]): string {
  return `${[PROGRAM, ...path].join('-')}.1`;
}

function section(title: string, ...body: readonly string[]): string[] {
  return [`.SH ${title}`, ...body];
}

function synopsis(words: readonly string[], usage: string): string {
  const [first = '', ...others] = usage.split('\n').map((line) => escapeText(line.trim()));
  const more = others.flatMap((line) => ['.br', line]);
  return section('SYNOPSIS', [`${bold(words.join(' '))} ${first}`, ...more].join('\n')).join('\n');
}

function seeAlso(names: readonly string[]): string[] {
  return section('SEE ALSO', names.map((name) => `${bold(name)}(1)`).join(',\n'));
}

function flagLines(spec: FlagSpec): string[] {
  const { name, short, type, usage, default: preset } = spec;
  const names = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${name}`)].join(', ');
  const shown = preset === undefined || preset === false ? '' : ` (default ${JSON.stringify(preset)})`;
  return tagged(type === 'bool' ? names : `${names} ${italic(shownType(spec))}`, lines(usage + shown));
}

function commandLines({ name, summary }: Pick<CommandSpec, 'name' | 'summary'>): string[] {
  return tagged(bold(name), `${escapeText(summary)}.`);
}

function tagged(tag: string, text: string): string[] {
  return ['.TP', tag, text];
}

function sentences(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.endsWith('.') ? line : `${line}.`))
    .join('\n');
}
