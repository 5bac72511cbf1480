import { constants, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { WherryError } from '@wherry/core';

/** Files in PEM that make a listener speak TLS. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients' certificates. */
  readonly clientCa?: string;
}

/** What Node's TLS servers take. */
export interface TlsMaterial extends SecureContextOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** Reads them. Throws `INVALID_CONFIG`, naming the file, for what is no certificate, no key or no pair. */
export async function readTlsFiles({ cert, key, clientCa }: TlsFiles): Promise<TlsMaterial> {
  const [certBytes, keyBytes, ca] = await Promise.all([
    read(cert),
    read(key),
    clientCa === undefined ? undefined : read(clientCa),
  ]);
  requireCertificate(cert, certBytes);
  if (clientCa !== undefined && ca !== undefined) requireCertificate(clientCa, ca);
  // A session that is resumed shows no certificate of the client's, and outlives a change of authorities.
  const clients = ca !== undefined && { ca, secureOptions: constants.SSL_OP_NO_TICKET };
  const material = { cert: certBytes, key: keyBytes, ...clients };
  try {
    createSecureContext(material);
  } catch (cause) {
    throw new WherryError('INVALID_CONFIG', `${cert} and ${key} are not a certificate and its key`, {
      cause,
    });
  }
  return material;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new WherryError('INVALID_CONFIG', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function requireCertificate(path: string, bytes: Buffer): void {
  try {
    void new X509Certificate(bytes);
  } catch (cause) {
    throw new WherryError('INVALID_CONFIG', `${path}: is no certificate in PEM`, { cause });
  }
}
