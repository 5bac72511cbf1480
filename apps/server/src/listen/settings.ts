import { isWherryError } from '@wherry/core';
import { type SettingsOf, section } from '../settings/section.ts';
import { parseListenAddress } from './address.ts';

/** What one listener bears. */
export interface ListenLimits {
  readonly maxConnections: number;
  /** How long a client may take for a request's headers, in ms. */
  readonly headerTimeout: number;
  /** How long a body may send nothing, in ms. */
  readonly stallTimeout: number;
}

/** `[listen]`: where the service listens, and how it stops. */
export const LISTEN_SECTION = section({
  name: 'listen',
  doc: 'Where the service listens, and how it stops.',
  fields: {
    addr: {
      kind: 'list',
      default: ['127.0.0.1:5000'],
      check: problemOf,
      doc: 'Addresses: HOST:PORT (port 0 is any free one) or unix:///PATH; http:// before a host means no TLS there. The flag --addr stands for it.',
    },
    socketGroup: { kind: 'string', doc: 'Name or number of the group that may connect to the Unix sockets.' },
    tlsCert: {
      kind: 'string',
      doc: 'File with the certificate and what it stands on, in PEM; read again when it changes.',
    },
    tlsKey: { kind: 'string', doc: 'File with its private key, in PEM.' },
    tlsClientCa: {
      kind: 'string',
      doc: 'File with authorities in PEM: whoever has a certificate of theirs may do all, and use the Engine API.',
    },
    insecure: {
      kind: 'boolean',
      default: false,
      doc: 'Listens where other machines reach it without TLS or access control.',
    },
    drain: {
      kind: 'duration',
      default: 10_000,
      doc: 'What running requests get to finish once the service is told to stop; then they are cut. Uploads that are cut go on where they were.',
    },
  },
});
export type ListenSettings = SettingsOf<typeof LISTEN_SECTION>;

/** `[limits]`: what clients may cost. */
export const LIMITS_SECTION = section({
  name: 'limits',
  doc: 'What clients may cost.',
  fields: {
    maxConnections: {
      kind: 'integer',
      min: 1,
      max: 1_000_000,
      default: 16_384,
      doc: 'Connections of one listener at the same time; further ones are closed at once.',
    },
    headerTimeout: {
      kind: 'duration',
      default: 30_000,
      min: 1000,
      doc: 'How long a client may take for the headers of a request.',
    },
    stallTimeout: {
      kind: 'duration',
      default: 60_000,
      min: 1000,
      doc: 'How long a body may send nothing.',
    },
  },
});
export type LimitsSettings = SettingsOf<typeof LIMITS_SECTION>;

function problemOf(text: string): string | undefined {
  try {
    parseListenAddress(text);
    return undefined;
  } catch (error) {
    if (!isWherryError(error, 'INVALID_ARGUMENT')) throw error;
    return 'want HOST:PORT, such as 127.0.0.1:5000, or unix:///run/wherry.sock';
  }
}
