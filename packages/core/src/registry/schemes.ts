import { isLoopback } from '../config/daemon-config.ts';
import { isWherryError, type WherryError } from '../errors.ts';
import { abortable } from './abortable.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { HttpResponse } from './transport.ts';

/** Sends `GET /v2/` to a base URL, without credentials. */
export type Ping = (base: URL) => Promise<HttpResponse>;

/**
 * Finds out whether an insecure registry speaks https or http, once per host. Docker tries TLS first; on
 * loopback, where nearly all speak plain http, that would cost a failed handshake, so http comes first.
 */
export class SchemeFinder {
  readonly #ping: Ping;
  readonly #found = new Map<string, URL>();
  readonly #finding = new Map<string, Promise<URL>>();

  constructor(ping: Ping) {
    this.#ping = ping;
  }

  /** What is known without asking. */
  known(endpoint: RegistryEndpoint): URL | undefined {
    if (endpoint.fixedScheme || !endpoint.insecure) return endpoint.url;
    return this.#found.get(endpoint.url.host);
  }

  /** Throws what the last scheme tried threw. */
  async baseUrl(endpoint: RegistryEndpoint, signal?: AbortSignal): Promise<URL> {
    const known = this.known(endpoint);
    if (known !== undefined) return known;
    const { host } = endpoint.url;
    let finding = this.#finding.get(host);
    if (finding === undefined) {
      finding = this.#find(endpoint.url);
      this.#finding.set(host, finding);
      finding
        .then((base) => this.#found.set(host, base))
        .catch(() => {})
        .finally(() => this.#finding.delete(host));
    }
    return abortable(finding, signal);
  }

  async #find(url: URL): Promise<URL> {
    const http = new URL(`http://${url.host}/`);
    const https = new URL(`https://${url.host}/`);
    if (!isLoopback(url.host)) return this.#first([https, http]);
    // Without a port the two schemes are two servers; with one, a refused connection speaks for both.
    return this.#first([http, https], (error) => url.port !== '' && error.details.reason === 'refused');
  }

  async #first(
    candidates: readonly [URL, URL],
    isFinal: (error: WherryError) => boolean = () => false,
  ): Promise<URL> {
    const [first, second] = candidates;
    try {
      if (await this.#speaks(first)) return first;
    } catch (error) {
      if (!isWherryError(error, 'UNREACHABLE', 'TLS_FAILED') || isFinal(error)) throw error;
      return (await this.#speaks(second)) ? second : first;
    }
    try {
      return (await this.#speaks(second)) ? second : first;
    } catch (error) {
      if (isWherryError(error, 'UNREACHABLE', 'TLS_FAILED')) return first;
      throw error;
    }
  }

  /** A TLS server answers 400 to plain http. */
  async #speaks(base: URL): Promise<boolean> {
    await using response = await this.#ping(base);
    return response.status !== 400 || base.protocol === 'https:';
  }
}
