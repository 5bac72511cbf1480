import type { Digest } from '../../digest.ts';

/** What `StepFile.state` is made of, besides the path. */
export interface FileState {
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo' | 'socket';
  /** Permission bits with those for set-user-ID and the like. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file. */
  readonly content?: Digest;
  /** Of a link, as `toLatin1` gives it. */
  readonly target?: string;
  /** Whatever else counts, such as extended attributes; names of letters. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Spells a file's state as words of the form `name=value`, of which `stateDifference` can say which differ:
 * `type=file mode=644 owner=0:0 content=sha256:…`.
 */
export function formatFileState(state: FileState): string {
  const { type, mode, uid, gid, content, target, more = {} } = state;
  const words = [['type', type] as const, ['mode', mode.toString(8)], ['owner', `${uid}:${gid}`]];
  if (content !== undefined) words.push(['content', content]);
  if (target !== undefined) words.push(['target', encodeURIComponent(target)]);
  for (const name of Object.keys(more).sort()) words.push([name, encodeURIComponent(more[name] ?? '')]);
  return words.map(([name, value]) => `${name}=${value}`).join(' ');
}

/**
 * The names of what differs between two states; empty when the texts differ in a way that has no name. A file that
 * is now of another type has no more to tell.
 */
export function stateDifference(before: string, after: string): string[] {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  if (old === undefined || now === undefined) return [];
  if (old.get('type') !== now.get('type')) return ['type'];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name));
}

function wordsOf(state: string): Map<string, string> | undefined {
  const words = state.split(' ').map((word) => /^([a-z]+)=(.*)$/.exec(word));
  if (words.includes(null)) return undefined;
  return new Map(words.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
}
