import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { noise } from './noise.ts';

const CORE = fileURLToPath(new URL('../packages/core/', import.meta.url));
const CHROMIUM = process.env.WHERRY_E2E_CHROMIUM ?? '/usr/bin/chromium';
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

const FETCHED = `
  const body = (await fetch('/layer.tar.gz')).body;
  const source = { async *[Symbol.asyncIterator]() {
    const reader = body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } };`;

const LAYER_SCRIPT = `${FETCHED}
  const { ingestLayer, decompressWeb, loadWasmEngine, readToc } = await import('@wherry/core/layer');
  const parts = [];
  const { digest, diffID, size } = await ingestLayer(source, {
    ...(await loadWasmEngine()),
    decompress: decompressWeb,
    toc: (chunk) => parts.push(chunk),
  });
  const toc = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { digest, diffID, size, names: [...readToc(toc)].map(({ name }) => new TextDecoder().decode(name)) };`;

const TAR_SCRIPT = `${FETCHED}
  const { decompressWeb } = await import('@wherry/core/layer');
  const { readTar } = await import('@wherry/core/tar');
  const names = [];
  let motd = '';
  for await (const { entry, body } of readTar(decompressWeb(source, 'gzip'))) {
    const name = new TextDecoder().decode(entry.name);
    names.push(name);
    if (name === 'etc/motd') for await (const chunk of body) motd += new TextDecoder().decode(chunk);
  }
  return { names, motd };`;

// Nothing bundles what the page loads: the browser asks for each module as it lies in the package.
const PAGE = `<!doctype html><title>wherry</title><script type="importmap">${JSON.stringify({
  imports: {
    '@wherry/core/reference': '/core/dist/reference.js',
    '@wherry/core/layer': '/core/dist/layer/index.js',
    '@wherry/core/tar': '/core/dist/tar/index.js',
  },
})}</script>`;

describeWith(
  { paths: [CHROMIUM, join(CORE, 'dist/layer/index.js')] },
  'the parts of core that a browser can load',
  () => {
    const tar = tarOf([
      { path: 'etc/', type: '5', mode: 0o755 },
      { path: 'etc/motd', content: 'hello\n' },
      { path: 'noise', content: noise(1, 300_000) },
      { path: 'link', type: '2', linkTarget: 'etc/motd' },
    ]);
    const layer = gzipSync(tar);
    const requested: string[] = [];
    const failures: string[] = [];
    let server: Server;
    let browser: Browser;
    let url: string;

    beforeAll(async () => {
      server = createServer(async (request, response) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        requested.push(path);
        if (path === '/') response.setHeader('content-type', 'text/html').end(PAGE);
        else if (path === '/layer.tar.gz') response.end(layer);
        else if (path.startsWith('/core/') && existsSync(join(CORE, path.slice(6))))
          response
            .setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream')
            .end(await readFile(join(CORE, path.slice(6))));
        else response.writeHead(404).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    });

    afterAll(async () => {
      await browser?.close();
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    });

    /** Runs a module's text in the page; it leaves its answer in `window.answer`. */
    async function inPage(code: string): Promise<unknown> {
      const page = await browser.newPage();
      page.on('pageerror', (error) => failures.push(String(error)));
      page.on('requestfailed', (request) => failures.push(request.url()));
      await page.goto(url);
      // Text, so that the test runner does not rewrite the imports.
      const answer = await page.evaluate(`(async () => { ${code} })()`);
      await page.close();
      return answer;
    }

    test('references are parsed', async () => {
      expect(
        await inPage(`
          const { parseReference, formatReference, familiarName } = await import('@wherry/core/reference');
          const ref = parseReference('ubuntu:24.04');
          return [formatReference(ref), familiarName(ref)];`),
      ).toEqual(['docker.io/library/ubuntu:24.04', 'ubuntu:24.04']);
    });

    test('a layer is hashed and scanned in one pass, and its table of contents read', async () => {
      const answer = await inPage(LAYER_SCRIPT);
      expect(answer).toEqual({
        digest: digestOf(layer),
        diffID: digestOf(tar),
        size: layer.length,
        names: ['etc/', 'etc/motd', 'noise', 'link'],
      });
    });

    test('a tar is read entry by entry', async () => {
      expect(await inPage(TAR_SCRIPT)).toEqual({
        names: ['etc/', 'etc/motd', 'noise', 'link'],
        motd: 'hello\n',
      });
    });

    test('no module of Node is asked for, and nothing is missing', () => {
      expect(failures).toEqual([]);
      expect(requested.filter((path) => /node:|undici|sqlite/.test(path))).toEqual([]);
      expect(requested.some((path) => path.startsWith('/core/dist/'))).toBe(true);
    });
  },
);
