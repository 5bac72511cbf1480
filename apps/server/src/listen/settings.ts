import type { TomlTable } from '@wherry/core';

/** `[listen]`: where the service listens, and what it bears. */
export interface ListenSettings {
  /** As `parseListenAddress` reads them. */
  readonly addresses: readonly string[];
  /** Name or number of the group of Unix sockets; absent: the process's own. */
  readonly socketGroup?: string;
  /** Files in PEM. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** Whoever has a certificate of these authorities is an owner. */
  readonly tlsClientCa?: string;
  /** Listens where others reach it without TLS or access control. */
  readonly insecure: boolean;
  readonly limits: ListenLimits;
}

/** What one listener bears. */
export interface ListenLimits {
  readonly maxConnections: number;
  /** How long a client may take for a request's headers, in seconds. */
  readonly headerTimeout: number;
  /** How long a body may send nothing, in seconds. */
  readonly stallTimeout: number;
}

export const DEFAULT_LISTEN_LIMITS: ListenLimits = {
  maxConnections: 16_384,
  headerTimeout: 30,
  stallTimeout: 60,
};

export const DEFAULT_LISTEN_SETTINGS: ListenSettings = {
  addresses: ['127.0.0.1:5000'],
  insecure: false,
  limits: DEFAULT_LISTEN_LIMITS,
};

/** What each key of the table means, for the printed settings file. */
export const LISTEN_KEYS: readonly {
  readonly key: string;
  readonly doc: string;
  readonly default: unknown;
}[] = [
  {
    key: 'addresses',
    doc: 'Where the service listens: HOST:PORT, or unix:///PATH; http:// before a host means no TLS there.',
    default: DEFAULT_LISTEN_SETTINGS.addresses,
  },
  { key: 'socket-group', doc: 'Group that may connect to the Unix sockets.', default: undefined },
  {
    key: 'tls-cert',
    doc: 'Certificate and what it stands on, in PEM; read again when it changes.',
    default: undefined,
  },
  { key: 'tls-key', doc: 'Its private key, in PEM.', default: undefined },
  {
    key: 'tls-client-ca',
    doc: 'Authorities in PEM: whoever has a certificate of theirs may do all, and use the Engine API.',
    default: undefined,
  },
  {
    key: 'insecure',
    doc: 'Listens on addresses that other machines reach without TLS or access control.',
    default: false,
  },
  {
    key: 'max-connections',
    doc: 'Connections of one listener.',
    default: DEFAULT_LISTEN_LIMITS.maxConnections,
  },
  {
    key: 'header-timeout',
    doc: 'Seconds that a client may take for the headers of a request.',
    default: DEFAULT_LISTEN_LIMITS.headerTimeout,
  },
  {
    key: 'stall-timeout',
    doc: 'Seconds that a body may send nothing.',
    default: DEFAULT_LISTEN_LIMITS.stallTimeout,
  },
];

const MAX_CONNECTIONS = 1_000_000;
const MAX_TIMEOUT_S = 3600;

/** Reads `[listen]`. Throws `INVALID_CONFIG` with file, line and column. */
export function readListenSettings(table: TomlTable): ListenSettings {
  const addresses = table.list('addresses');
  const limits = DEFAULT_LISTEN_LIMITS;
  const settings = {
    addresses: addresses.length > 0 ? addresses : DEFAULT_LISTEN_SETTINGS.addresses,
    ...texts(table),
    insecure: table.boolean('insecure'),
    limits: {
      maxConnections: table.integer('max-connections', 1, MAX_CONNECTIONS) ?? limits.maxConnections,
      headerTimeout: table.integer('header-timeout', 1, MAX_TIMEOUT_S) ?? limits.headerTimeout,
      stallTimeout: table.integer('stall-timeout', 1, MAX_TIMEOUT_S) ?? limits.stallTimeout,
    },
  };
  table.end();
  return settings;
}

function texts(table: TomlTable): Pick<ListenSettings, 'socketGroup' | 'tlsCert' | 'tlsKey' | 'tlsClientCa'> {
  const [socketGroup, tlsCert, tlsKey, tlsClientCa] = [
    'socket-group',
    'tls-cert',
    'tls-key',
    'tls-client-ca',
  ].map((key) => table.string(key));
  return {
    ...(socketGroup !== undefined && { socketGroup }),
    ...(tlsCert !== undefined && { tlsCert }),
    ...(tlsKey !== undefined && { tlsKey }),
    ...(tlsClientCa !== undefined && { tlsClientCa }),
  };
}
