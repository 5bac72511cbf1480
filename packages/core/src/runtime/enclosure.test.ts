import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Enclosure } from './enclosure.ts';

describe.skipIf(process.platform === 'win32')('an enclosure', () => {
  const path = process.env.PATH;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-enclosure-'));
    process.env.PATH = [directory, path].join(delimiter);
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  });

  /** An unshare(1) that runs a script instead. */
  function open(script: string): Enclosure {
    const program = join(directory, 'unshare');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    const leftovers = { path: join(directory, 'none'), cleanup: 'true' };
    return new Enclosure({ directory, links: directory, mounts: [], command: ['true'], leftovers });
  }

  test.each([
    { script: 'kill -KILL $$', code: 'INTERNAL', text: 'cannot make a mount namespace: it was killed' },
    {
      script: 'echo "unshare: no right" >&2; exit 1',
      code: 'UNSUPPORTED',
      text: 'cannot make a mount namespace: unshare: no right',
    },
    // As some releases of unshare(1) end when what they started was killed.
    {
      script: 'echo begun; echo "unshare: sigprocmask unblock failed" >&2; exit 1',
      code: 'INTERNAL',
      text: 'cannot make a mount namespace: it was killed',
    },
    {
      script: 'echo begun; echo "mkfifo: no space" >&2; exit 98',
      code: 'UNSUPPORTED',
      text: 'cannot make a mount namespace: mkfifo: no space',
    },
    { script: 'exit 3', code: 'UNSUPPORTED', text: 'cannot make a mount namespace: unshare ended with 3' },
  ])('that cannot be made says why: $script', async ({ code, script, text }) => {
    await using enclosure = open(script);
    await expect(enclosure.mounted()).rejects.toMatchObject({ code, message: text });
  });

  test.each([
    { script: 'echo mounted; read -r go; echo "ended 3"; exit 1', code: 3 },
    // As some releases of unshare(1) end when what they started was killed.
    { script: 'echo mounted; read -r go; exit 1', code: undefined },
    { script: 'echo mounted; read -r go; kill -KILL $$', code: undefined },
  ])('ends with what its shell says of the command: $script', async ({ script, code }) => {
    await using enclosure = open(script);
    expect(await enclosure.mounted()).toBeUndefined();
    expect(await enclosure.run()).toBe(code);
  });

  test('that cannot mount is a refusal', async () => {
    await using enclosure = open('echo "mount: no such type" >&2; exit 97');
    expect(await enclosure.mounted()).toBe('mount: no such type');
  });
});
