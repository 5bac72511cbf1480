import { expect, test } from 'vitest';
import { LiveSettings } from './live-settings.ts';
import { readSettings } from './read-settings.ts';
import { section } from './section.ts';

const SECTIONS = [
  section({
    name: 'log',
    doc: 'A log.',
    fields: {
      level: { kind: 'string', default: 'info', reloadable: true, doc: 'A level.' },
      only: { kind: 'list', reloadable: true, doc: 'Parts.' },
      maxBytes: { kind: 'size', default: 1, doc: 'A size.' },
    },
  }),
] as const;

const read = (text: string) => () => readSettings(SECTIONS, { file: { path: '/s', text }, env: {} });

async function live() {
  const settings = new LiveSettings(SECTIONS, (await read('')()).settings);
  const seen: string[] = [];
  settings.onChange(({ log }) => seen.push(log.level));
  return { settings, seen };
}

test('takes over what may change, and tells of the rest', async () => {
  const { settings, seen } = await live();
  const outcome = await settings.reload(read('[log]\nlevel = "warn"\nmax-bytes = 2\n'));
  expect(outcome).toEqual({ changed: ['log.level'], needRestart: ['log.max-bytes'] });
  expect([settings.current.log.level, settings.current.log.maxBytes, seen]).toEqual(['warn', 1, ['warn']]);
  // It is still another than the one in force.
  expect(await settings.reload(read('[log]\nlevel = "warn"\nmax-bytes = 2\n'))).toEqual({
    changed: [],
    needRestart: ['log.max-bytes'],
  });
  expect(seen).toHaveLength(1);
});

test('what is gone from the file has its default again', async () => {
  const { settings } = await live();
  await settings.reload(read('[log]\nonly = ["a"]\n'));
  expect(settings.current.log.only).toEqual(['a']);
  expect(await settings.reload(read(''))).toEqual({ changed: ['log.only'], needRestart: [] });
  expect(settings.current.log.only).toEqual([]);
});

test('a file that is wrong changes nothing', async () => {
  const { settings, seen } = await live();
  await expect(settings.reload(read('[log]\nlevel = 3\n'))).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
  expect([settings.current.log.level, seen]).toEqual(['info', []]);
});
