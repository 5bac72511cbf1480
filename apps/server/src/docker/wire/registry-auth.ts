import type { FastifyRequest } from 'fastify';

/** What a request says of who its sender is to a registry. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  /** Empty: the registry that the request is about. */
  readonly serverAddress: string;
  /** What a registry gave in the password's place. */
  readonly identityToken: string;
  /** A bearer token that the registry takes as it is. */
  readonly registryToken: string;
}

/**
 * Reads `X-Registry-Auth`. `undefined` where it is absent, or, as Docker has it, cannot be read: the request
 * then goes on without credentials. What it holds is for this request alone.
 */
export function readRegistryAuth(request: Pick<FastifyRequest, 'headers'>): RegistryAuth | undefined {
  const header = request.headers['x-registry-auth'];
  if (typeof header !== 'string' || header === '') return undefined;
  return registryAuthOf(decodeHeaderJson(header));
}

/**
 * Reads `X-Registry-Config`, or another header of its form: credentials by the server they are for. podman has
 * them in `X-Registry-Auth`.
 */
export function readRegistryConfig(
  request: Pick<FastifyRequest, 'headers'>,
  name: 'x-registry-auth' | 'x-registry-config' = 'x-registry-config',
): Map<string, RegistryAuth> {
  const header = request.headers[name];
  const document = typeof header === 'string' ? decodeHeaderJson(header) : undefined;
  const config = new Map<string, RegistryAuth>();
  if (typeof document !== 'object' || document === null) return config;
  for (const [server, value] of Object.entries(document)) {
    const auth = registryAuthOf(value);
    if (auth) config.set(server, auth);
  }
  return config;
}

/** The members of an `AuthConfig`; `undefined` for what says nothing. */
export function registryAuthOf(value: unknown): RegistryAuth | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const members = value as Record<string, unknown>;
  const text = (name: string) => (typeof members[name] === 'string' ? members[name] : '');
  const [username, password] = splitAuth(text('auth'));
  const auth: RegistryAuth = {
    username: text('username') || username,
    password: text('password') || password,
    serverAddress: text('serveraddress'),
    identityToken: text('identitytoken'),
    registryToken: text('registrytoken'),
  };
  return auth.username || auth.identityToken || auth.registryToken ? auth : undefined;
}

/** Base64url with or without padding; clients exist that send plain base64, which Node reads as well. */
function decodeHeaderJson(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `auth` of old clients: both parts in one. */
function splitAuth(auth: string): readonly [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? ['', ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
