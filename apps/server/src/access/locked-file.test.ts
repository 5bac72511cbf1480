import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changeFile } from './locked-file.ts';

const SERVICE = 65_534;

test.skipIf(process.getuid?.() !== 0)(
  "what root makes below a service's directory is the service's",
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'wherry-owner-'));
    try {
      await chown(root, SERVICE, SERVICE);
      const directory = join(root, 'access', 'deep');
      const file = join(directory, 'users');
      await changeFile(file, () => 'ada\n');
      for (const path of [join(root, 'access'), directory, file])
        expect(await stat(path)).toMatchObject({ uid: SERVICE, gid: SERVICE });
      await chown(file, 1, 1);
      await changeFile(file, () => 'bob\n');
      expect(await stat(file)).toMatchObject({ uid: 1, gid: 1 });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
);
