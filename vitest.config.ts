import { defineConfig } from 'vitest/config'
import { boundCompiled, COMPILED } from './test/support/compiled.ts'
import { ProcessesFirst } from './test/support/sequencer.ts'

// What tests start has it from here, unless they give it another environment, and so have the processes that run tests.
Object.assign(process.env, COMPILED)
boundCompiled()

export default defineConfig({
  // The examples import the package by its name, as whoever copies them does.
  resolve: {
    alias: [
      { find: /^portolan$/, replacement: `${import.meta.dirname}/src/index.ts` },
      { find: /^portolan\/(\w+)$/, replacement: `${import.meta.dirname}/src/$1.ts` },
    ],
  },
  test: {
    projects: [
      // Of folders that know no process (docs/architecture.md): what was loaded for one file is there for the next.
      {
        extends: true,
        test: {
          name: 'together',
          include: ['src/**/*.test.ts', '!src/{adapters,cli,demo,storage}/**'],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          include: [
            'src/{adapters,cli,demo,storage}/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/{architecture,conformance,integration,support}/**/*.test.ts',
          ],
        },
      },
    ],
    // On a machine that others load, a client may give up early: a second go counts, and is shown as one.
    retry: process.env.CI ? 1 : 0,
    // What a test waits for has a limit of its own (`until`): this one is for what hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for processes and sockets, not for the processor.
    maxWorkers: 5,
    sequence: { sequencer: ProcessesFirst },
    // A line a file: slow tests are not listed, and what is skipped or sampled says so in one line of its own.
    slowTestThreshold: Number.POSITIVE_INFINITY,
    disableConsoleIntercept: true,
  },
})
