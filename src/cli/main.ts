#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// What `sync` streams leaves nothing behind, but V8 would make ever more room for it, and that before the rest is loaded.
if (['sync', 'scan', 'rewrite'].includes(process.argv[2] ?? ''))
  setFlagsFromString('--semi-space-growth-factor=1')
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
