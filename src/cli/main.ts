#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// Said to V8 before the rest is loaded. What streams through leaves nothing behind, and neither does a request, but V8
// would take ever more memory for them; a scan is over before its slower compiler has earned back what it costs; and a
// door asks its backends too seldom for WebAssembly, which reads their answers, to be worth 9 MB for a quicker reader.
const [command = ''] = process.argv.slice(2)
const isSearch = command === 'scan' || command === 'rewrite'
const isDoor = command === 'serve' || command === 'demo'
if (isSearch || isDoor || command === 'sync') setFlagsFromString('--semi-space-growth-factor=1')
if (isSearch) {
  setFlagsFromString('--heap-growing-percent=10')
  setFlagsFromString('--no-turbofan')
}
if (isDoor) {
  setFlagsFromString('--no-wasm-dynamic-tiering')
  setFlagsFromString('--no-wasm-tier-up')
}
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
