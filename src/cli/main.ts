#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// What streams through leaves nothing behind, but V8 would take ever more memory for it: said before the rest is loaded.
if (['sync', 'scan', 'rewrite'].includes(process.argv[2] ?? ''))
  setFlagsFromString('--semi-space-growth-factor=1')
if (['scan', 'rewrite'].includes(process.argv[2] ?? '')) setFlagsFromString('--heap-growing-percent=10')
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
