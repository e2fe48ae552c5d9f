import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/conformance/**/*.test.ts'],
    testTimeout: 20_000,
    // Most tests wait for processes and sockets, not for the processor.
    maxWorkers: 3,
  },
})
