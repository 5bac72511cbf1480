import type { ByteSource } from '../bytes/byte-source.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A factory, so that a retry can send it again. */
  readonly body?: () => ByteSource;
}

export interface HttpResponse extends AsyncDisposable {
  readonly status: number;
  /** Names in lower case; a header that came several times is joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ByteSource;
}

/** One HTTP exchange: no redirect followed, no retry, no authentication. */
export interface Transport {
  /** Throws `UNREACHABLE` (with `details.reason`, an `UnreachableReason`), `TLS_FAILED` or `CANCELLED`. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
}

/** Why a host was not reached: `timeout` and `broken` may pass, the others will not soon. */
export type UnreachableReason = 'refused' | 'unknown-host' | 'no-route' | 'timeout' | 'broken';

/** How an https host proves itself, and we to it. PEM texts. */
export interface TrustSettings {
  /** False: any certificate will do. */
  readonly verify: boolean;
  /** Trusted beside the system's. */
  readonly ca: readonly string[];
  /** Client certificate. */
  readonly identity?: { readonly cert: string; readonly key: string };
}
