import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../bench/peers.ts';
import { describeWith } from './needs.ts';
import { matches, type PageSetup, readSteps, runSteps } from './page-steps.ts';
import { WHERRY } from './wherry.ts';

// What `docs/operating.md` says that can be tried on one machine; its conventions are those of the tutorial.

const SERVICE = '127.0.0.1:5000';
const PAGE_MS = 300_000;

async function prepare(place: string, hubHost: string): Promise<PageSetup> {
  const [home, bin, directory] = [join(place, 'home'), join(place, 'bin'), join(place, 'work')];
  for (const path of [join(home, '.config/wherry'), bin, directory]) mkdirSync(path, { recursive: true });
  writeFileSync(join(bin, 'wherry'), `#!/bin/sh\nexec '${process.execPath}' '${WHERRY}' "$@"\n`, {
    mode: 0o755,
  });
  const moved = `[[registry]]\nprefix = "docker.io"\nlocation = "http://${hubHost}"\n`;
  writeFileSync(join(home, '.config/wherry/config.toml'), moved);
  const service = `127.0.0.1:${await freePort()}`;
  return {
    home,
    directory,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      DOCKER_CONFIG: join(home, '.docker'),
      WHERRY_ROOT: join(place, 'store'),
      LC_ALL: 'C.UTF-8',
    },
    service,
    stands: { [SERVICE]: service },
  };
}

describeWith({ linux: true, programs: ['bash', 'curl', 'openssl', 'sqlite3'] }, 'operating.md', () => {
  const place = mkdtempSync(join(tmpdir(), 'wherry-operating-'));
  const steps = readSteps('operating.md', ['```console']);
  let printed: string[] = [];

  beforeAll(async () => {
    await using hub = await startMemoryRegistry();
    const { image, blobs } = makeImageFixture({ layers: [{ 'etc/hello': 'hello\n' }] });
    for (const bytes of blobs.values()) hub.addBlob('library/alpine', bytes);
    const { bytes, descriptor } = image.manifest;
    hub.addManifest('library/alpine', 'latest', bytes, descriptor.mediaType);
    printed = await runSteps(steps, await prepare(place, hub.host));
  }, PAGE_MS);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test('has steps to run', () => expect(steps.length).toBeGreaterThan(15));

  test.each(steps)('line $line: $command', (step) => {
    const output = printed[steps.indexOf(step)] ?? '';
    if (!matches(step.expected, output)) expect(output).toBe(`${step.expected.join('\n')}\n`);
  });
});
