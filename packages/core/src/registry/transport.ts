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
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ByteSource;
}

/** One HTTP exchange: no redirect followed, no retry, no authentication. */
export interface Transport {
  /** Throws `UNREACHABLE`, `TLS_FAILED` or `CANCELLED`. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
}
