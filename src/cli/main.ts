#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// What `sync` streams leaves nothing behind, but V8 would grow its heap for it, and that before the rest is loaded.
if (process.argv[2] === 'sync') setFlagsFromString('--semi-space-growth-factor=1')
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
