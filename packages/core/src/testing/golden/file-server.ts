import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeFile } from './files.ts';
import type { RecordedImages } from './recorded-images.ts';

export interface FileServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
}

/** Serves the recording's files over HTTP. */
export async function startFileServer(images: RecordedImages): Promise<FileServer> {
  const server = createServer((request, response) => {
    const content = makeFile(request.url?.slice(1) ?? '', images);
    if (content === undefined) response.writeHead(404).end('not here');
    else response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
