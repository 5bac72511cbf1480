import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeNotify } from './notify.ts';

test('tells the manager, whose socket nothing else gets to know', async () => {
  const place = await mkdtemp(join(tmpdir(), 'wherry-notify-'));
  try {
    const program = join(place, 'systemd-notify');
    const heard = join(place, 'heard');
    await writeFile(program, `#!/bin/sh\necho "$1 $NOTIFY_SOCKET" >> '${heard}'\n`);
    await chmod(program, 0o755);
    const env = { NOTIFY_SOCKET: '/run/notify', PATH: process.env.PATH };
    const notify = takeNotify(env, program);
    expect(env).not.toHaveProperty('NOTIFY_SOCKET');
    await notify('READY=1');
    await notify('STOPPING=1');
    expect(await readFile(heard, 'utf8')).toBe('READY=1 /run/notify\nSTOPPING=1 /run/notify\n');
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});

test.each([
  { name: 'no manager listens', env: {} },
  { name: 'its program is missing', env: { NOTIFY_SOCKET: '/run/notify' } },
])('is quiet where $name', async ({ env }) => {
  await expect(takeNotify(env, '/nowhere/systemd-notify')('READY=1')).resolves.toBeUndefined();
});
