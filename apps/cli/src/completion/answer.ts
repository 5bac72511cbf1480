import type { ContainerActivity, ContainerName } from '@wherry/core';
import { findPlace, type Place } from './command-line.ts';

/** Where names come from that no table has. A source that has nothing to say, or fails, gives none. */
export interface NameSources {
  /** Familiar names of the images here, with tag. */
  images(): Promise<readonly string[]>;
  /** Familiar names of the repositories of those images. */
  repositories(): Promise<readonly string[]>;
  /** Hosts of those, without Docker Hub. */
  registries(): Promise<readonly string[]>;
  /** Names and IDs of containers of such a kind; absent: of all. */
  containers(activity?: ContainerActivity): Promise<readonly ContainerName[]>;
  /** Tags of a repository in its registry. */
  tags(repository: string): Promise<readonly string[]>;
}

export interface Candidate {
  /** The whole word. */
  readonly value: string;
  readonly about?: string;
}

/** What a shell is to do with the candidates. */
export interface Answer {
  /** `nospace`: what was completed goes on; `files`, `directories`: the shell knows better. */
  readonly mode: 'words' | 'nospace' | 'files' | 'directories';
  readonly candidates: readonly Candidate[];
}

/** What may stand for anything but itself to some shell: a word that has more than these is not offered. */
const PLAIN = /^[\w./:@=!+-]+$/;

/** Completes the word before the cursor; `words` are those before it, without the program. */
export async function complete(
  words: readonly string[],
  current: string,
  sourcesOf: (globals: Place['globals']) => NameSources,
): Promise<Answer> {
  const place = findPlace(words, current);
  if (place.wanted === 'file') return { mode: 'files', candidates: [] };
  if (place.wanted === 'directory') return { mode: 'directories', candidates: [] };
  const candidates = (await candidatesAt(place, sourcesOf(place.globals)))
    .map(({ value, ...rest }) => ({ ...rest, value: place.before + value }))
    .filter(({ value }) => value.startsWith(current) && PLAIN.test(value));
  const goesOn = candidates.length > 0 && candidates.every(({ value }) => /[=:]$/.test(value));
  return { mode: goesOn ? 'nospace' : 'words', candidates };
}

async function candidatesAt(place: Place, sources: NameSources): Promise<Candidate[]> {
  const { commands, flags, typed, wanted } = place;
  if (wanted === undefined) return [];
  if (wanted === 'command') return commands.map(({ name, summary }) => ({ value: name, about: summary }));
  if (wanted === 'flag')
    return flags.map(({ name, usage }) => ({ value: `--${name}`, about: firstLine(usage) }));
  return (await valuesOf(wanted, typed, sources)).map((value) => ({ value }));
}

async function valuesOf(
  wanted: Exclude<Place['wanted'], 'command' | 'flag' | undefined>,
  typed: string,
  sources: NameSources,
): Promise<readonly string[]> {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'repository') return await sources.repositories();
  if (wanted === 'registry') return await sources.registries();
  if (wanted === 'none') return [];
  if (Object.hasOwn(ACTIVITIES, wanted)) return await containersFor(wanted, typed, sources);
  if (wanted === 'object')
    return [...(await containersFor('container', typed, sources)), ...(await sources.images())];
  const images = await sources.images();
  const repository = wanted === 'remote-image' ? repositoryToAsk(typed) : undefined;
  if (repository === undefined) return images;
  const remote = (await sources.tags(repository)).map((tag) => `${repository}:${tag}`);
  return [...new Set([...remote, ...images])];
}

/** Which containers a command takes. */
const ACTIVITIES: Readonly<Record<string, ContainerActivity | undefined>> = {
  container: undefined,
  'paused-container': 'paused',
  'running-container': 'running',
  'stopped-container': 'stopped',
};

const SHORT_ID_CHARS = 12;

/** Names, and IDs for who has begun one: beside the names they would only fill the screen. */
async function containersFor(
  wanted: string,
  typed: string,
  sources: NameSources,
): Promise<readonly string[]> {
  const found = await sources.containers(ACTIVITIES[wanted]);
  const ids = typed === '' ? [] : found.map(({ id }) => id.slice(0, SHORT_ID_CHARS));
  return [...found.map(({ name }) => name), ...ids];
}

/** What stands before the colon of a tag. The colon of a port has a host before it, and no slash. */
function repositoryToAsk(typed: string): string | undefined {
  const colon = typed.lastIndexOf(':');
  if (colon <= 0 || typed.includes('@') || typed.includes('/', colon)) return undefined;
  const repository = typed.slice(0, colon);
  const isHost = !repository.includes('/') && (repository.includes('.') || repository === 'localhost');
  return isHost ? undefined : repository;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** The answer as the scripts read it: the mode, then a line for each candidate, with a tab before what it is. */
export function formatAnswer({ mode, candidates }: Answer): string {
  const lines = candidates.map(({ value, about }) => (about === undefined ? value : `${value}\t${about}`));
  return `${[mode, ...lines].join('\n')}\n`;
}
