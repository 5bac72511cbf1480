import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readImagesFormat } from './images-format.ts';

let place: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'wherry-images-format-'));
  for (const name of ['.docker', 'other', 'plain', 'broken', 'number', 'directory/config.json'])
    mkdirSync(join(place, name), { recursive: true });
  writeFileSync(join(place, '.docker/config.json'), '{"auths":{},"imagesFormat":"{{.ID}}"}');
  writeFileSync(join(place, 'other/config.json'), '{"imagesFormat":"table {{.Tag}}"}');
  writeFileSync(join(place, 'plain/config.json'), '{"auths":');
  writeFileSync(join(place, 'broken/config.json'), '{"imagesFormat":');
  writeFileSync(join(place, 'number/config.json'), '{"imagesFormat":1}');
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

test.each([
  { name: 'the home directory', env: (at: string) => ({ HOME: at }), format: '{{.ID}}' },
  {
    name: 'DOCKER_CONFIG before it',
    env: (at: string) => ({ HOME: at, DOCKER_CONFIG: `${at}/other` }),
    format: 'table {{.Tag}}',
  },
  { name: 'nowhere', env: () => ({}), format: undefined },
  { name: 'no file', env: (at: string) => ({ HOME: `${at}/none` }), format: undefined },
  { name: 'a directory', env: (at: string) => ({ DOCKER_CONFIG: `${at}/directory` }), format: undefined },
  {
    name: 'a file without it, whatever else is wrong',
    env: (at: string) => ({ DOCKER_CONFIG: `${at}/plain` }),
    format: undefined,
  },
])('finds the format in $name', async ({ env, format }) => {
  expect(await readImagesFormat({ env: env(place) })).toBe(format);
});

test('takes a directory before all others', async () => {
  const options = { env: { HOME: place }, dockerConfigDir: join(place, 'other') };
  expect(await readImagesFormat(options)).toBe('table {{.Tag}}');
});

test.each([
  { name: 'broken', message: /broken[/\\]config\.json:1:17: not valid JSON$/ },
  { name: 'number', message: /number[/\\]config\.json:1:2: "imagesFormat" must be a string$/ },
])('refuses a $name file', async ({ name, message }) => {
  await expect(readImagesFormat({ env: {}, dockerConfigDir: join(place, name) })).rejects.toThrow(message);
});
