import { defineConfig } from 'vitest/config';

// One file at a time: the peers are real servers, and some tests watch what a machine does under load.
export default defineConfig({
  test: { include: ['e2e/**/*.test.ts'], fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000 },
});
