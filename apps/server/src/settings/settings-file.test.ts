import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettingsFile } from './settings-file.ts';

let home: string;
let place: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wherry-settings-'));
  place = join(home, '.config/wherry/serve.toml');
  await mkdir(join(home, '.config/wherry'), { recursive: true });
});
afterEach(() => rm(home, { recursive: true, force: true }));

test('there need be none, unless one was asked for', async () => {
  expect(await readSettingsFile({ env: { HOME: home } })).toBeUndefined();
  for (const request of [{ path: place, env: {} }, { env: { HOME: home, WHERRY_SERVE_CONFIG: place } }])
    await expect(readSettingsFile(request)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: `${place}: no such file`,
    });
});

test('is found beside config.toml, or where a variable or an argument says', async () => {
  await writeFile(place, '# own');
  const other = join(home, 'other.toml');
  await writeFile(other, '# other');
  expect(await readSettingsFile({ env: { HOME: home } })).toEqual({ path: place, text: '# own' });
  expect(await readSettingsFile({ env: { XDG_CONFIG_HOME: join(home, '.config') } })).toMatchObject({
    path: place,
  });
  expect(await readSettingsFile({ env: { HOME: home, WHERRY_SERVE_CONFIG: other } })).toMatchObject({
    path: other,
  });
  expect(await readSettingsFile({ path: other, env: { WHERRY_SERVE_CONFIG: place } })).toMatchObject({
    path: other,
  });
});

test.each([
  { name: 'a directory', make: (path: string) => mkdir(path), message: 'is a directory' },
  { name: 'no text', make: (path: string) => writeFile(path, Buffer.from([0xff])), message: 'is not UTF-8' },
  {
    name: 'too much',
    make: (path: string) => writeFile(path, Buffer.alloc((1 << 20) + 1, ' ')),
    message: 'has 1048577 bytes, the limit is 1048576',
  },
])('$name is refused', async ({ make, message }) => {
  await make(place);
  await expect(readSettingsFile({ env: { HOME: home } })).rejects.toThrow(`${place}: ${message}`);
});
