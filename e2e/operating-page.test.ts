import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { matches, preparePage, readSteps, runSteps } from './page-steps.ts';

// What `docs/operating.md` says that can be tried on one machine; its conventions are those of the tutorial.

const SERVICE = '127.0.0.1:5000';
const PAGE_MS = 300_000;

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
    printed = await runSteps(steps, await preparePage(place, hub.host, SERVICE));
  }, PAGE_MS);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test('has steps to run', () => expect(steps.length).toBeGreaterThan(15));

  test.each(steps)('line $line: $command', (step) => {
    const output = printed[steps.indexOf(step)] ?? '';
    if (!matches(step.expected, output)) expect(output).toBe(`${step.expected.join('\n')}\n`);
  });
});
