'use strict'
const { enableCompileCache } = require('node:module')

// Compiled once, read back from then on: most of the time until a command begins is V8 compiling it. Bun has no such thing.
enableCompileCache?.()
import('../dist/cli.js')
