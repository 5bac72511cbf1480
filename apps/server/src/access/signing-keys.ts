import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, WherryError } from '@wherry/core';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { SigningAlgorithm } from './settings.ts';
import type { Clock } from './time.ts';

/** One pair of keys; tokens name it by its `kid`. */
export interface SigningKey {
  /** Thumbprint of the public key. RFC 7638. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export interface SigningKeysOptions {
  /** Directory of the keys, one file each. */
  readonly directory: string;
  readonly algorithm: SigningAlgorithm;
  /** How long one key signs, in ms. */
  readonly keyLifetime: number;
  /** The longest life of a token, in ms: for so long a key is kept after its last signature. */
  readonly tokenLifetime: number;
  readonly clock: Clock;
}

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const SUFFIX = '.json';
/** Whoever makes up key IDs must not make the directory be read for each. */
const LOOK_AGAIN_MS = 5_000;

/**
 * The keys that tokens are signed with. The newest signs; when it is old enough the next is made, and the old one
 * is kept until what it signed has ended. Several servers may share the directory: each takes up the others' keys.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #keys: readonly SigningKey[] = [];
  #readAt = 0;
  #changing: Promise<SigningKey> | undefined;

  private constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /** Reads the keys; throws `INVALID_CONFIG` for one that others may read, or that is none. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options);
    await keys.#read();
    await keys.current();
    return keys;
  }

  /** The key to sign with. */
  async current(): Promise<SigningKey> {
    const { algorithm, clock, keyLifetime } = this.#options;
    const [newest] = this.#keys.filter((key) => key.algorithm === algorithm);
    if (newest !== undefined && clock() < newest.createdAt + keyLifetime) return newest;
    this.#changing ??= this.#change().finally(() => {
      this.#changing = undefined;
    });
    return this.#changing;
  }

  /** The key of this ID; `undefined`: there is none. */
  async find(kid: string): Promise<SigningKey | undefined> {
    const held = this.#keys.find((key) => key.kid === kid);
    if (held !== undefined || this.#options.clock() < this.#readAt + LOOK_AGAIN_MS) return held;
    await this.#read();
    return this.#keys.find((key) => key.kid === kid);
  }

  async #change(): Promise<SigningKey> {
    const { algorithm, clock, directory, keyLifetime, tokenLifetime } = this.#options;
    const key = await createKey(directory, algorithm, clock());
    for (const old of this.#keys)
      if (old.createdAt + keyLifetime + tokenLifetime < clock())
        await rm(join(directory, `${old.kid}${SUFFIX}`), { force: true });
    await this.#read();
    return key;
  }

  async #read(): Promise<void> {
    const { directory, clock } = this.#options;
    const keys: SigningKey[] = [];
    for (const name of await namesIn(directory))
      if (name.endsWith(SUFFIX)) keys.push(await readKey(join(directory, name)));
    this.#keys = keys.sort((a, b) => b.createdAt - a.createdAt);
    this.#readAt = clock();
  }
}

async function createKey(directory: string, algorithm: SigningAlgorithm, now: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const path = join(directory, `${kid}${SUFFIX}`);
  const text = `${JSON.stringify({ algorithm, createdAt: now, jwk })}\n`;
  try {
    await writeFile(`${path}.new`, text, { mode: FILE_MODE, flag: 'wx', flush: true });
    // Another server that reads the directory meanwhile never sees half a key.
    await link(`${path}.new`, path);
  } finally {
    await rm(`${path}.new`, { force: true });
  }
  return { kid, algorithm, createdAt: now, privateKey, publicKey };
}

async function readKey(path: string): Promise<SigningKey> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0 && process.platform !== 'win32')
    throw new WherryError('INVALID_CONFIG', `${path}: others may read this key`, {
      hint: 'remove it, and the service makes another, or take the right to read it away with chmod 600',
    });
  const invalid = (cause?: unknown) => new WherryError('INVALID_CONFIG', `${path}: is no key`, { cause });
  try {
    const { algorithm, createdAt, jwk } = JSON.parse(await readFile(path, 'utf8')) as {
      algorithm: SigningAlgorithm;
      createdAt: number;
      jwk: JWK;
    };
    if (!Number.isFinite(createdAt)) throw invalid();
    const { d: _, ...publicJwk } = jwk;
    const [privateKey, publicKey] = await Promise.all([
      importJWK(jwk, algorithm),
      importJWK(publicJwk, algorithm),
    ]);
    if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw invalid();
    return { kid: await calculateJwkThumbprint(publicJwk), algorithm, createdAt, privateKey, publicKey };
  } catch (cause) {
    throw invalid(cause);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
