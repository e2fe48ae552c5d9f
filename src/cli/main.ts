#!/usr/bin/env node
import { endOnSignals } from './first-process.ts'
import { innerProgram } from './inner-programs.ts'
import { setV8Flags } from './v8-flags.ts'

endOnSignals()

const [command = '', ...rest] = process.argv.slice(2)
setV8Flags(command)
const inner = innerProgram(command)
if (inner !== undefined) await inner(rest)
else {
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2))
}
