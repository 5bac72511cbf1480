import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They watch the machine's memory, fill a disk, kill at random moments, or wait for a change for a time. */
const ALONE = [
  'access',
  'build-differential',
  'build-kills',
  'container-kills',
  'kill-loop',
  'memory',
  'service-disk-full',
  'service-kills',
].map(fileOf);
/** Those that take longest of what runs two at a time. Begun last, one would have the other worker wait for it. */
const FIRST = [
  'crosswise',
  'archives',
  'squash',
  'rootfs',
  'bad-input',
  'resume',
  'tutorial',
  'containers',
  'copy',
].map(fileOf);
const TIMEOUTS = { testTimeout: 180_000, hookTimeout: 180_000 };

function fileOf(name: string): string {
  return `e2e/${name}.test.ts`;
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const place = FIRST.findIndex((file) => moduleId.endsWith(file));
      return place < 0 ? FIRST.length : place;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

// Two files at a time of those that one machine can do beside each other, then the rest one by one.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'beside',
          include: ['e2e/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...TIMEOUTS,
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          ...TIMEOUTS,
        },
      },
    ],
  },
});
