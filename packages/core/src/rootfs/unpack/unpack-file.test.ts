import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WherryError } from '../../errors.ts';
import { GrowingFile } from '../../layer/growing-file.ts';
import { type TarEntryInit, tarEnd } from '../../tar/writer.ts';
import { type DescribedEntry, describeTree } from '../../testing/describe-tree.ts';
import { sha256 } from '../../testing/layer-fixtures.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import { detectOwnership } from '../privileges.ts';
import { removeTrees } from '../remove-tree.ts';
import type { UnpackedFacts } from './layer-unpacker.ts';
import { unpackFile } from './unpack-file.ts';
import type { UnpackRequest } from './unpack-protocol.ts';

const CASES = fileURLToPath(new URL('../../../../../../shared/cases/', import.meta.url));
const OWNERSHIP = detectOwnership();
const SPARSE = /sparse file/;
const hasGetfattr = spawnSync('getfattr', ['--version']).status === 0;

interface Recorded {
  readonly ok: boolean;
  readonly error?: string;
  readonly entries?: readonly (string | RecordedEntry)[];
}

interface RecordedEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly size?: number;
  readonly owner?: string;
  readonly link?: string;
}

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'wherry-unpack-'));
  for (const name of ['fs', 'work']) mkdirSync(join(place, name));
});
afterEach(() => removeTrees(place));

function unpack(path: string, more: Partial<UnpackRequest> = {}): Promise<UnpackedFacts> {
  const file = new GrowingFile(path, statSync(path).size);
  file.end();
  return unpackFile({
    path,
    shared: file.shared,
    directory: join(place, 'fs'),
    workDirectory: join(place, 'work'),
    ownership: OWNERSHIP,
    diffID: sha256(readFileSync(path)),
    progress: new SharedArrayBuffer(8),
    ...more,
  });
}

/** What the process's descriptors lead to. The one that lists them is closed by then. */
function openFiles(): string[] {
  const fds = readdirSync('/proc/self/fd').map((fd) => join('/proc/self/fd', fd));
  return fds.filter((fd) => lstatSync(fd, { throwIfNoEntry: false })).map((fd) => readlinkSync(fd));
}

function unpackTar(items: readonly FixtureEntry[], more?: Partial<UnpackRequest>) {
  const path = join(place, 'layer.tar');
  writeFileSync(path, tarOf(...items));
  return unpack(path, more);
}

const tree = () => describeTree(join(place, 'fs'));
const names = () => tree().map(({ name }) => name);
const file = (name: string, content = 'x'): FixtureEntry => ({ name, type: 'file', content });
const directory = (name: string, more: Partial<TarEntryInit> = {}): FixtureEntry => ({
  name,
  type: 'directory',
  ...more,
});
const link = (type: 'symlink' | 'hardlink', name: string, target: string): FixtureEntry => ({
  name,
  type,
  link: target,
});

/** Where an answer differs on purpose from that of `docker import`. */
const DIFFERENT: Readonly<Record<string, { why: string; names?: readonly string[] }>> = {
  'typ-dir-then-file.tar': { why: 'the later entry wins, as in an ADD', names: ['x'] },
  'typ-file-then-dir.tar': { why: 'the later entry wins, as in an ADD', names: ['x', 'x/y'] },
  'sparse-pax-1.0.tar': { why: 'a layer with sparse files is refused when it is stored' },
};

describe.skipIf(!existsSync(CASES))('hostile archives', () => {
  const recorded = Object.entries(
    existsSync(CASES) ? JSON.parse(readFileSync(join(CASES, 'tar-hostile/expected.json'), 'utf8')) : {},
  ) as [string, { what: string; import: Recorded }][];

  test.each(recorded)('%s', async (name, { import: wanted }) => {
    const unpacked = unpack(join(CASES, 'tar-hostile', name));
    const other = DIFFERENT[name];
    if (other ? other.names === undefined : !wanted.ok) {
      await expect(unpacked).rejects.toThrow(WherryError);
      return;
    }
    await unpacked;
    if (other) expect(names()).toEqual(other.names);
    else expectEntries(wanted.entries ?? []);
  });

  function expectEntries(wanted: readonly (string | RecordedEntry)[]): void {
    // The list that was recorded is cut short, in its order.
    const full = wanted.filter((entry): entry is RecordedEntry => typeof entry !== 'string');
    const isCut = full.length < wanted.length;
    const found = tree().filter(({ type, rdev }) => type !== 'char' || rdev !== '0:0');
    expect(found.slice(0, isCut ? full.length : undefined).map(asRecorded)).toEqual(
      full
        .filter(({ type }) => OWNERSHIP === 'root' || !['char', 'block'].includes(type))
        .map(({ size, owner, ...rest }) => ({
          ...rest,
          ...(size !== undefined && { size }),
          ...(OWNERSHIP === 'root' && { owner: owner ?? '0:0' }),
        })),
    );
  }

  function asRecorded({ name, type, mode, size, owner, link }: DescribedEntry) {
    return {
      name,
      type: type === 'directory' ? 'dir' : type,
      mode: mode.toString(8),
      ...(type === 'file' && { size }),
      ...(link !== undefined && { link }),
      ...(OWNERSHIP === 'root' && { owner }),
    };
  }
});

describe.skipIf(!existsSync(CASES))('every dialect of tar', () => {
  const recorded = Object.entries(
    existsSync(CASES) ? JSON.parse(readFileSync(join(CASES, 'tar-formats/expected.json'), 'utf8')) : {},
  ) as [
    string,
    { error?: string; entries: { name: string; type: string; size: number; mtime: string; mode: string }[] },
  ][];

  test.each(recorded)('%s unpacks or is refused', async (name, { entries, error }) => {
    try {
      await unpack(join(CASES, 'tar-formats', name));
    } catch (refusal) {
      if (!(refusal instanceof WherryError)) throw refusal;
      expect(['INVALID_TAR', 'TRUNCATED', 'TOO_LARGE']).toContain(refusal.code);
      expect(error ?? SPARSE.exec(refusal.message)?.[0] ?? refusal.code, refusal.message).not.toBe('');
      return;
    }
    expect(error).toBeUndefined();
    const found = new Map(tree().map((entry) => [entry.name, entry]));
    for (const entry of entries.filter(({ type, name }) => type === '0' && !name.startsWith('bytes:'))) {
      const at = entry.name.replace(/^(?:\.?\/)+/, '');
      expect(found.get(at), at).toMatchObject({ type: 'file' });
    }
  });
});

describe('an unpacked layer', () => {
  const NS_TIME = { mtime: 1_234_567_890, mtimeNs: 123_456_789 };

  test('has modes, times and links as the archive says', async () => {
    await unpackTar([
      directory('d/', { mode: 0o1751, mtime: 1000 }),
      { name: 'd/f', type: 'file', mode: 0o4711, mtime: 2000, content: 'text' },
      { name: 'd/l', type: 'symlink', link: '/no/where', mtime: 3000 },
      link('hardlink', 'h', 'd/f'),
      { name: 'closed', type: 'file', mode: 0, mtime: 4000, content: 'no' },
    ]);
    const second = 1_000_000_000n;
    expect(tree()).toMatchObject([
      { name: 'closed', mode: 0, mtime: 4000n * second, size: 2 },
      { name: 'd', type: 'directory', mode: 0o1751, mtime: 1000n * second },
      { name: 'd/f', mode: 0o4711, mtime: 2000n * second, size: 4 },
      { name: 'd/l', link: '/no/where', mtime: 3000n * second },
      { name: 'h', sameAs: 'd/f' },
    ]);
  });

  test('keeps times between seconds and before 1970, of links to such files too', async () => {
    await unpackTar([
      directory('d', NS_TIME),
      { name: 'd/f', type: 'file', ...NS_TIME, content: 'text' },
      { name: 'l', type: 'symlink', link: 'd', ...NS_TIME },
      link('hardlink', 'l/h', 'l/f'),
      { name: 'old', type: 'file', mtime: -5, mtimeNs: 500_000_000, content: '' },
    ]);
    const wanted = 1_234_567_890_123_456_789n;
    expect(tree()).toMatchObject([
      { name: 'd', mtime: wanted },
      { name: 'd/f', mtime: wanted, size: 4 },
      { name: 'd/h', mtime: wanted, sameAs: 'd/f' },
      { name: 'l', mtime: wanted, link: 'd' },
      { name: 'old', mtime: -4_500_000_000n },
    ]);
  });

  test('that needs tar says so where there is none', async () => {
    vi.stubEnv('PATH', '/nowhere');
    try {
      await unpackTar([file('plain')]);
      await expect(unpackTar([{ name: 'p', type: 'fifo' }])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('has names that are no text', async () => {
    const name = Uint8Array.from([0x61, 0xff, 0x2f, 0xe9]);
    await unpackTar([{ name, type: 'file', content: 'x' }]);
    expect(readdirSync(join(place, 'fs'), 'latin1')).toEqual(['a\u00ff']);
  });

  test('leaves nothing open, and nothing beside it', async () => {
    const many = Array.from({ length: 300 }, (_, i) => directory(`d${i}/sub`, NS_TIME));
    await unpackTar([...many, file('d7/sub/f'), file('d8')]);
    await expect(unpackTar([file('f'), file('f/x')])).rejects.toThrow();
    expect(openFiles().filter((path) => path.startsWith(place))).toEqual([]);
    rmSync(join(place, 'fs'), { recursive: true });
    mkdirSync(join(place, 'fs'));
    await unpackTar([file('f'), { name: 'p', type: 'fifo' }]);
    expect(readdirSync(join(place, 'work'))).toEqual([]);
    expect(names()).toEqual(['f', 'p']);
  });

  test('has the last of the entries of one name', async () => {
    await unpackTar([
      directory('d'),
      file('d/a'),
      directory('d/sub'),
      { name: 'd/sub/p', type: 'fifo' },
      link('symlink', 'd/sub/l', 'p'),
      file('d', 'a file now'),
      file('f', 'first'),
      file('f', 'second'),
      link('symlink', 's', 'd'),
      directory('s'),
      file('s/in'),
      { name: 'f2', type: 'fifo' },
      file('f2', 'file'),
    ]);
    expect(names()).toEqual(['d', 'f', 'f2', 's', 's/in']);
    expect(readFileSync(join(place, 'fs/f'), 'utf8')).toBe('second');
    expect(readFileSync(join(place, 'fs/d'), 'utf8')).toBe('a file now');
  });

  test('follows links of its own as a root would, and no others', async () => {
    await unpackTar([
      directory('real'),
      link('symlink', 'abs', '/real'),
      link('symlink', 'up', '../../../real'),
      file('abs/one'),
      file('up/two'),
      file('abs/new/three'),
      link('hardlink', 'four', '/abs/one'),
    ]);
    expect(names()).toEqual([
      'abs',
      'four',
      'real',
      'real/new',
      'real/new/three',
      'real/one',
      'real/two',
      'up',
    ]);
  });

  test.each([
    { name: 'through a file', items: [file('f'), file('f/x')], message: 'open /f/x: not a directory' },
    {
      name: 'through a link out of it',
      items: [link('symlink', 'l', '/etc'), file('l/x')],
      message: 'open /l/x: no such file or directory',
    },
    {
      name: 'through links in a circle',
      items: [link('symlink', 'a', 'b'), link('symlink', 'b', 'a'), file('a/x')],
      message: 'open /a/x: too many levels of symbolic links',
    },
    {
      name: 'to a file outside of it',
      items: [link('hardlink', 'h', '../../../etc/passwd')],
      message: 'link /../../../etc/passwd /h: no such file or directory',
    },
    {
      name: 'to a directory',
      items: [directory('d'), link('hardlink', 'h', 'd')],
      message: 'link /d /h: no such file or directory',
    },
    { name: 'by a long name', items: [file('n'.repeat(256))], message: /file name too long/ },
    {
      name: 'by a long path',
      items: [file(`${'d/'.repeat(2047)}ff`)],
      message: /file name too long/,
    },
    {
      name: 'too deep',
      items: [
        directory('d/'.repeat(300)),
        link('symlink', 'l', 'd/'.repeat(300)),
        directory(`l/${'d/'.repeat(300)}`),
      ],
      message: 'directories are nested more than 512 deep',
    },
  ])('is refused when a name leads $name', async ({ items, message }) => {
    await expect(unpackTar(items)).rejects.toThrow(message);
  });

  test('stays within the limits', async () => {
    await expect(unpackTar([file('a'), file('b')], { maxEntries: 1 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  test('stays within the limits of bytes', async () => {
    await expect(unpackTar([file('a')], { maxTarBytes: 1000 })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test('is what its diffID says, when it was not compressed', async () => {
    const path = join(place, 'layer.tar');
    writeFileSync(path, tarEnd());
    const facts = unpack(path, { diffID: sha256(Buffer.from('another')) });
    await expect(facts).rejects.toMatchObject({ code: 'DIFF_ID_MISMATCH' });
  });

  test('shows in its files what it deletes', async () => {
    const facts = await unpackTar([
      directory('d'),
      file('d/.wh.gone', ''),
      file('d/.wh..wh..opq', ''),
      file('.wh.both', ''),
      directory('both'),
      file('both/new'),
      file('.wh.implied', ''),
      file('implied/new'),
      file('stays'),
      file('.wh.stays', ''),
      directory('merged'),
      file('.wh.merged', ''),
    ]);
    expect(tree()).toMatchObject([
      { name: 'both', type: 'directory' },
      { name: 'both/new' },
      { name: 'd' },
      { name: 'd/gone', type: 'char', rdev: '0:0', mode: 0 },
      { name: 'implied', type: 'directory' },
      { name: 'implied/new' },
      { name: 'merged', type: 'directory' },
      { name: 'stays', type: 'file' },
    ]);
    expect([...facts.opaque].sort()).toEqual(['both', 'd', 'implied', 'merged']);
  });

  test('takes no marks of overlay, nor labels of another machine, from the archive', async () => {
    const xattrs = new Map(
      ['trusted.overlay.opaque', 'user.overlay.redirect', 'security.selinux', 'user.own'].map((key) => [
        key,
        Buffer.from('y'),
      ]),
    );
    await unpackTar([directory('d', { xattrs }), { name: 'f', type: 'file', xattrs, content: '' }]);
    if (!hasGetfattr) return;
    expect(xattrsOf('d')).toEqual(['user.own']);
    expect(xattrsOf('f')).toEqual(['user.own']);
  });

  test.skipIf(!hasGetfattr || OWNERSHIP !== 'root')('has the marks of overlay and capabilities', async () => {
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    const xattrs = new Map([['security.capability', capability]]);
    await unpackTar([
      file('.wh..wh..opq', ''),
      file('d/.wh..wh..opq', ''),
      { name: 'ping', type: 'file', mode: 0o755, uid: 5, xattrs, content: 'bin' },
    ]);
    expect(xattrsOf('.')).toEqual(['trusted.overlay.opaque']);
    expect(xattrsOf('d')).toEqual(['trusted.overlay.opaque']);
    expect(xattrsOf('ping')).toEqual(['security.capability']);
  });
});

function xattrsOf(name: string): string[] {
  const path = join(place, 'fs', name);
  const { stdout } = spawnSync('getfattr', ['-h', '-m', '-', '--absolute-names', path], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
