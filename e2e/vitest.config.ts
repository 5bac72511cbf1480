import { defineConfig } from 'vitest/config';

/** Large images, real daemons, kills at random moments: they watch what a machine does, or need most of it. */
const ALONE = [
  'access',
  'archives',
  'build-differential',
  'build-kills',
  'client-matrix',
  'container-kills',
  'crosswise',
  'kill-loop',
  'memory',
  'service-disk-full',
  'service-kills',
  'squash',
].map((name) => `e2e/${name}.test.ts`);
const TIMEOUTS = { testTimeout: 180_000, hookTimeout: 180_000 };

// Two files at a time of those that mostly wait for others, then the rest one by one.
export default defineConfig({
  test: {
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
