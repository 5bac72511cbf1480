import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readProxyVariables } from './proxy-variables.ts';

let place: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'wherry-proxies-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const read = (document: string) => {
  writeFileSync(join(place, 'config.json'), document);
  return readProxyVariables({ env: {}, dockerConfigDir: place });
};

test.each([
  { name: 'a file without proxies', document: '{"auths":{}}', variables: {} },
  {
    name: 'proxies of another daemon',
    document: '{"proxies":{"tcp://a:1":{"httpProxy":"http://p"}}}',
    variables: {},
  },
  {
    name: 'the default',
    document:
      '{"proxies":{"default":{"httpProxy":"http://p:1","noProxy":"a,b","ftpProxy":"","allProxy":"s"}}}',
    variables: {
      HTTP_PROXY: 'http://p:1',
      http_proxy: 'http://p:1',
      NO_PROXY: 'a,b',
      no_proxy: 'a,b',
      ALL_PROXY: 's',
      all_proxy: 's',
    },
  },
])('gives what containers get of $name', async ({ document, variables }) => {
  expect(await read(document)).toEqual(variables);
});

test.each([
  { document: '{"proxies":', message: /config\.json:1:12: not valid JSON$/ },
  { document: '{"proxies":{"default":{"httpProxy":1}}}', message: /"httpProxy" must be a string$/ },
])('refuses $document', async ({ document, message }) => {
  await expect(read(document)).rejects.toThrow(message);
});
