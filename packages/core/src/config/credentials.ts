/** What proves who we are to a registry. */
export interface Credentials {
  readonly username: string;
  /** A password or an access token; empty when `identityToken` stands in for it. */
  readonly password: string;
  /** OAuth2 refresh token, sent to the token server instead of name and password. */
  readonly identityToken?: string;
  /** Bearer token for the registry itself, sent as it is. */
  readonly registryToken?: string;
}

/** Where `CredentialStore.store` put something. */
export type StoredIn =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'helper'; readonly name: string };

/** Credentials by registry. */
export interface CredentialStore {
  /**
   * What is known for a registry's domain (`docker.io` for Docker Hub), more specific entries for `path`
   * (`team/app`) first. Throws `INVALID_CONFIG` for a broken file, `INTERNAL` when a helper fails.
   */
  get(domain: string, path?: string): Promise<Credentials | undefined>;
  /** Keeps credentials for `server`, a domain or what the user typed in its place. */
  store(server: string, credentials: Credentials): Promise<StoredIn>;
  /** Forgets `server`; tells whether there was anything. */
  erase(server: string): Promise<boolean>;
}

/** The key of Docker Hub in `auths`, kept since its first API. */
export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
]);

/** The host of what stands in `auths` or was typed: no scheme, no path, lower case. */
export function serverHost(server: string): string {
  const host = server.replace(/^https?:\/\//i, '').replace(/\/.*$/s, '');
  return host.toLowerCase();
}

/** Under which key Docker keeps the credentials of a server. */
export function credentialKey(server: string): string {
  const host = serverHost(server);
  return host === '' || DOCKER_HUB_HOSTS.has(host) ? DOCKER_HUB_KEY : host;
}
