import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NodeHasher } from '../bytes/node-hasher.ts';
import type { TarEntry, TarScanner } from '../tar/scanner.ts';
import { chunkings } from './chunks.ts';
import { scanTar } from './scan-tar.ts';

const cases = new URL('../../../../../shared/cases/', import.meta.url);
const formats = new URL('tar-formats/', cases);
const hostile = new URL('tar-hostile/', cases);

/** What Go's archive/tar says of an entry. */
interface GoEntry {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
  readonly link?: string;
  readonly sha256?: string;
}

interface GoAnswer {
  readonly entries: readonly GoEntry[];
  readonly furtherEntries?: number;
  readonly error?: string;
}

/** Where this project answers otherwise than Go's library, on purpose. */
const DIFFERENCES: Readonly<Record<string, { why: string; error?: string }>> = {
  'go-gnu-nil-sparse-data.tar': {
    why: 'Docker refuses old GNU sparse files',
    error: 'sparse file sparse.db is not supported in a layer',
  },
  'go-pax-nil-sparse-data.tar': {
    why: 'a sparse file has no payload that could be read from the layer as it is',
    error: 'sparse file sparse.db is not supported in a layer',
  },
  'libarchive-test_compat_tar_hardlink_1.tar': { why: 'a hard link has no payload: its size is 0' },
};

/** Entries that Go hands out and Docker makes nothing of: global headers, ACLs of Solaris, volume labels. */
const NOT_FILES = new Set(['g', 'A', 'V']);

/** What the daemon said of archives that a scanner must refuse; it does not judge names. */
const REFUSED: Readonly<Record<string, string>> = {
  'end-truncated-header.tar': 'unexpected EOF',
  'end-zero-middle.tar': 'archive/tar: invalid tar header',
  'num-bad-size.tar': 'archive/tar: invalid tar header',
  'num-huge-truncated.tar': 'unexpected EOF',
  'pax-nul-path.tar': 'archive/tar: invalid tar header',
  'sparse-gnu-old.tar': 'sparse file s is not supported in a layer',
  'sparse-pax-1.0.tar': 'sparse file s is not supported in a layer',
  'typ-unknown.tar': 'unhandled tar header type 90',
};

/**
 * Holds a scanner to the archives of other implementations, and to hostile ones, where these files are at
 * hand: they are not part of the repository.
 */
export function tarCaseSuite(name: string, create: () => TarScanner): void {
  describe.skipIf(!existsSync(formats))(`${name} on the archives of other implementations`, () => {
    const expected = existsSync(formats) ? readAnswers<GoAnswer>(formats) : {};
    test.each(Object.entries(expected))('reads %s as Go does', (file, answer) => {
      const bytes = readFileSync(new URL(file, formats));
      const difference = DIFFERENCES[file];
      for (const { chunks } of chunkings(bytes)) {
        const { entries, error } = scanTar(create(), chunks);
        expect(error?.message).toBe(difference?.error ?? answer.error);
        if (difference?.error) continue;
        const shown = entries.slice(0, 40).map((entry) => asGo(entry, bytes));
        expect(shown).toEqual(answer.entries.filter(({ type }) => !NOT_FILES.has(type)).map(fromGo));
      }
    });
  });

  describe.skipIf(!existsSync(hostile))(`${name} on hostile archives`, () => {
    const files = existsSync(hostile) ? readdirSync(hostile).filter((file) => file.endsWith('.tar')) : [];
    test.each(files)('reads or refuses %s', (file) => {
      const bytes = readFileSync(new URL(file, hostile));
      for (const { chunks } of chunkings(bytes))
        expect(scanTar(create(), chunks).error?.message).toBe(REFUSED[file]);
    });

    test('reads numbers, attributes and names of a PAX header', () => {
      const { entries } = scanTar(create(), [readFileSync(new URL('pax-basic.tar', hostile))]);
      const entry = entries.find(({ type }) => type === 'file');
      expect(entry).toMatchObject({ uid: 70_000, gid: 70_001 });
      expect(Buffer.from(entry!.name).toString()).toBe('pax/naïve');
      expect(entry!.mtimeNs).not.toBe(0);
      expect(entry!.xattrs?.size).toBe(1);
    });
  });
}

const FLAGS = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' };

function asGo(entry: TarEntry, bytes: Uint8Array) {
  const start = entry.dataOffset;
  return {
    name: goString(entry.name),
    type: FLAGS[entry.type],
    size: entry.size,
    mode: entry.mode.toString(8),
    owner: [entry.uid, entry.gid],
    mtime: goTime(entry.mtime, entry.mtimeNs),
    link: goString(entry.link),
    sha256:
      start + entry.size <= bytes.length ? sha256(bytes.subarray(start, start + entry.size)) : 'truncated',
  };
}

function fromGo(entry: GoEntry) {
  const { name, type, uid, gid, mtime, link = '' } = entry;
  const isFile = type === '0';
  return {
    name,
    type,
    size: isFile ? entry.size : 0,
    mode: (Number.parseInt(entry.mode, 8) & 0o7777).toString(8),
    owner: [uid, gid],
    mtime,
    link,
    sha256:
      'readError' in entry
        ? 'truncated'
        : isFile && entry.size > 0
          ? entry.sha256
          : sha256(new Uint8Array(0)),
  };
}

function goTime(seconds: number, nanoseconds: number): string {
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return new Date(seconds * 1000).toISOString().replace('.000Z', `${fraction}Z`);
}

/** Names that are not UTF-8 stand escaped in the answers. */
function goString(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  if (!text.includes('\u{fffd}')) return text;
  const escaped = Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `bytes:"${escaped.join('')}"`;
}

function sha256(bytes: Uint8Array): string {
  const hasher = new NodeHasher();
  hasher.update(bytes);
  return hasher.digest().slice('sha256:'.length);
}

function readAnswers<T>(folder: URL): Record<string, T> {
  return JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));
}
