import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, WherryError } from '../../../errors.ts';
import { choosePlatform, formatPlatform, type Platform } from '../../../platform.ts';

/** Where Linux lists what it runs by an interpreter. Linux Documentation, admin-guide/binfmt-misc.rst. */
const HANDLERS = '/proc/sys/fs/binfmt_misc';

/** What tells programs apart: word size in bytes by 4, byte order, `e_machine`. System V ABI, "ELF Header". */
const ELF: Readonly<Record<string, readonly [wordClass: 1 | 2, byteOrder: 1 | 2, machine: number]>> = {
  '386': [1, 1, 3],
  amd64: [2, 1, 62],
  arm: [1, 1, 40],
  arm64: [2, 1, 183],
  loong64: [2, 1, 258],
  mips64le: [2, 1, 8],
  mips64: [2, 2, 8],
  ppc64le: [2, 1, 21],
  riscv64: [2, 1, 243],
  s390x: [2, 2, 22],
};

/**
 * Makes sure that programs for a platform run here: the machine's own, or by an interpreter that the kernel has been
 * told of. Throws `UNSUPPORTED`.
 */
export async function requireRunnable(
  platform: Platform,
  host: Platform,
  handlers: string = HANDLERS,
): Promise<void> {
  if (choosePlatform(host, [platform]) === 0) return;
  const header = platform.os === 'linux' ? programHeader(platform.architecture) : undefined;
  if (header && (await readHandlers(handlers)).some((handler) => takes(handler, header))) return;
  throw new WherryError(
    'UNSUPPORTED',
    `RUN for ${formatPlatform(platform)}: this machine runs ${formatPlatform(host)} and has no emulator for it`,
    { hint: 'register one with binfmt_misc, such as the package qemu-user-static does' },
  );
}

/** The beginning of a program; absent: nobody knows what it looks like. */
function programHeader(architecture: string): Uint8Array | undefined {
  const known = ELF[architecture];
  if (known === undefined) return undefined;
  const [wordClass, byteOrder, machine] = known;
  const header = new Uint8Array(20);
  header.set([0x7f, 0x45, 0x4c, 0x46, wordClass, byteOrder, 1]);
  const view = new DataView(header.buffer);
  const isLittle = byteOrder === 1;
  view.setUint16(16, 2, isLittle);
  view.setUint16(18, machine, isLittle);
  return header;
}

/** The descriptions of all handlers; none where the kernel has no such thing. */
async function readHandlers(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name !== 'register');
    return await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}

/** Tells whether a handler, as the kernel describes it, is switched on and meant for a program. */
function takes(description: string, header: Uint8Array): boolean {
  const lines = description.split('\n');
  const field = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  const magic = field('magic');
  if (!lines.includes('enabled') || magic === undefined) return false;
  const offset = Number(field('offset') ?? 0);
  const wanted = Buffer.from(magic, 'hex');
  const mask = Buffer.from(field('mask') ?? 'ff'.repeat(wanted.length), 'hex');
  return wanted.every((byte, i) => {
    const bits = mask[i] ?? 0xff;
    return (byte & bits) === ((header[offset + i] ?? 0) & bits);
  });
}
