import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedAnswer {
  /** Absent: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is no text is sent as JSON. */
  readonly body?: unknown;
}

/** One request as it came. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP server on loopback that answers what a test tells it to. */
export interface ScriptedServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly requests: readonly ScriptedRequest[];
  /** Path and query of the requests, but for the pings of `/v2/`. */
  asked(): string[];
}

/** Starts a server on a free port; what `answer` has no answer to is 404. Close it with `await using`. */
export async function startScriptedServer(
  answer: (request: ScriptedRequest) => ScriptedAnswer | undefined,
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const server = createServer(({ method = '', url = '', headers }, response) => {
    const request = { method, url: new URL(url, 'http://server.invalid'), headers };
    requests.push(request);
    const { status = 200, headers: sent = {}, body = '' } = answer(request) ?? { status: 404 };
    response.writeHead(status, sent).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    asked: () => requests.map(({ url }) => `${url.pathname}${url.search}`).filter((path) => path !== '/v2/'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
