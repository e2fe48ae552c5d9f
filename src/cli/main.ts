#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { endOnSignals } from './first-process.ts'
import { innerProgram } from './inner-programs.ts'

endOnSignals()

// Said to V8 before the rest is loaded. What streams through leaves nothing behind, but V8 would take ever more memory for
// it; and a scan is over before its slower compiler has earned back what it costs.
const [command = '', ...rest] = process.argv.slice(2)
const isSearch = command === 'scan' || command === 'rewrite'
if (isSearch || command === 'sync') setFlagsFromString('--semi-space-growth-factor=1')
if (isSearch) {
  setFlagsFromString('--heap-growing-percent=10')
  setFlagsFromString('--no-turbofan')
}
const inner = innerProgram(command)
if (inner !== undefined) await inner(rest)
else {
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2))
}
