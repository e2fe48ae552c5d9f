#!/usr/bin/env node
import { setV8Flags } from './v8-flags.ts'

setV8Flags(process.argv[2] ?? '')
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
