import { configDefaults, defineConfig } from 'vitest/config';

// Root file systems are for Linux alone.
const exclude = process.platform === 'linux' ? [] : ['src/rootfs/**'];

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...exclude],
    // Loading the code takes longer than most files do: they share processes, and leave theirs as they found it.
    isolate: false,
    testTimeout: 30_000,
  },
});
