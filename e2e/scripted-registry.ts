import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { digestOf, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, tarOf } from './layout.ts';

/** A server that answers as a test tells it; closed with everything that hangs on it. */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    listener: RequestListener,
    tls?: { readonly key: string; readonly cert: string },
  ): Promise<ScriptedServer> {
    const server = tls ? createTlsServer(tls, listener) : createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return new ScriptedServer(server);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An image of one layer, and how a registry may lie about it. */
export interface ScriptedImage {
  /** What is said of the layer; absent: the truth. */
  readonly layerSize?: number;
  readonly layerDigest?: string;
  /** What comes instead of the layer's bytes. */
  readonly sent?: Uint8Array;
  /** Cuts the connection after so many bytes of the layer. */
  readonly cutAfter?: number;
  readonly layer?: Uint8Array;
  readonly diffID?: string;
}

/** Answers for `image` under every name, as far as the script does not say otherwise. */
export function serveImage(script: ScriptedImage): RequestListener {
  const tar = tarOf([{ path: 'etc/motd', content: 'hello\n' }]);
  const layer = script.layer ?? gzipSync(tar);
  const layerDigest = script.layerDigest ?? digestOf(layer);
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: [script.diffID ?? digestOf(tar)] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: OCI_LAYER, digest: layerDigest, size: script.layerSize ?? layer.length }],
  });
  return (request, response) => {
    const { url = '' } = request;
    if (url.includes('/manifests/'))
      response
        .setHeader('content-type', OCI_MANIFEST)
        .setHeader('docker-content-digest', digestOf(manifest))
        .end(manifest);
    else if (url.endsWith(digestOf(config))) response.end(config);
    else if (url.endsWith(layerDigest)) {
      const sent = script.sent ?? layer;
      response.setHeader('content-length', sent.length);
      if (script.cutAfter === undefined) response.end(sent);
      else response.write(sent.subarray(0, script.cutAfter), () => setTimeout(() => response.destroy(), 50));
    } else response.writeHead(url === '/v2/' ? 200 : 404).end('{}');
  };
}
