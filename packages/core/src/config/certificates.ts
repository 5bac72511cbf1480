import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';

/** The PEM texts that a host's directories hold. */
export interface HostCertificates {
  readonly ca: readonly string[];
  /** Client certificate with its key. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

/**
 * Reads Docker's `certs.d/<host:port>/`: `*.crt` are authorities, `*.cert` with `*.key` of the same name a
 * client certificate. Later directories win for the client certificate. Throws `INVALID_CONFIG` for a
 * certificate without its key, `PERMISSION_DENIED` for what may not be read.
 */
export async function readHostCertificates(
  directories: readonly string[],
  host: string,
): Promise<HostCertificates> {
  const ca: string[] = [];
  let identity: HostCertificates['identity'];
  // A host comes from a reference and holds no slash, yet `..` would climb.
  if (host === '' || host.includes('/') || host.includes('\\') || host === '..') return { ca };
  for (const base of directories) {
    const directory = join(base, host);
    const names = (await namesIn(directory)).sort();
    for (const name of names) {
      const path = join(directory, name);
      if (name.endsWith('.crt')) ca.push(await readPem(path));
      if (!name.endsWith('.cert')) continue;
      const key = `${name.slice(0, -'.cert'.length)}.key`;
      if (!names.includes(key))
        throw new WherryError('INVALID_CONFIG', `missing key ${key} for client certificate ${name}`, {
          hint: `put ${key} into ${directory}; CA certificates end with .crt`,
        });
      identity = { cert: await readPem(path), key: await readPem(join(directory, key)) };
    }
  }
  return { ca, ...(identity === undefined ? {} : { identity }) };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw unreadable(directory, error);
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): WherryError {
  const code = isErrno(cause, 'EACCES', 'EPERM') ? 'PERMISSION_DENIED' : 'INVALID_CONFIG';
  return new WherryError(code, `${path}: cannot be read: ${(cause as Error).message}`, { cause });
}

/** Reads the authorities that a rule names. Throws as `readHostCertificates`. */
export function readCaFile(path: string): Promise<string> {
  return readPem(path);
}
