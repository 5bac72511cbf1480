import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requireRunnable } from './foreign-programs.ts';

const HOST = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
/** As qemu registers it. */
const MAGIC = '7f454c460201010000000000000000000200b700';
const MASK = 'ffffffffffffff00fffffffffffffffffeffffff';

function handler(state = 'enabled', magic = MAGIC): string {
  return `${state}\ninterpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic ${magic}\nmask ${MASK}\n`;
}

describe('requireRunnable', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-binfmt-'));
    writeFileSync(join(directory, 'register'), '');
    writeFileSync(join(directory, 'status'), 'enabled\n');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test.each([
    { name: 'the own platform', platform: HOST },
    { name: 'what the processor runs too', platform: { os: 'linux', architecture: '386' } },
    { name: 'what an emulator is registered for', platform: ARM64, text: handler() },
  ])('takes $name', async ({ platform, text }) => {
    if (text) writeFileSync(join(directory, 'qemu'), text);
    await requireRunnable(platform, HOST, directory);
  });

  test.each([
    { name: 'a handler that is switched off', text: handler('disabled') },
    { name: 'a handler of another processor', text: handler('enabled', MAGIC.replace('b700', 'f300')) },
    { name: 'a handler of names', text: 'enabled\ninterpreter /usr/bin/x\nflags: \nextension .arm64\n' },
    { name: 'no handler', text: undefined },
    { name: 'another system', text: handler(), platform: { os: 'windows', architecture: 'arm64' } },
  ])('refuses with $name', async ({ text, platform = ARM64 }) => {
    if (text) writeFileSync(join(directory, 'qemu'), text);
    await expect(requireRunnable(platform, HOST, directory)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: `RUN for ${platform.os}/arm64: this machine runs linux/amd64 and has no emulator for it`,
    });
  });

  test('knows of none where the kernel has no such list', async () => {
    await expect(requireRunnable(ARM64, HOST, join(directory, 'none'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});
