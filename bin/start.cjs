'use strict'
const { existsSync, lstatSync, mkdirSync } = require('node:fs')
const { constants, enableCompileCache } = require('node:module')
const { homedir, tmpdir } = require('node:os')
const { dirname, isAbsolute, join } = require('node:path')

start()

async function start() {
  if (!existsSync(join(__dirname, '../dist/cli.js'))) {
    console.error(
      'portolan: this is a clone that is not built: "npm run build" does, "npm start" runs the demo without',
    )
    process.exitCode = 2
    return
  }
  const { setV8Flags } = await import('../dist/v8-flags.js')
  setV8Flags(process.argv[2] ?? '')
  keepCompiled()
  await import('../dist/cli.js')
}

/** Compiled once, read back from then on: half of the time until a command begins is V8 compiling it. Bun has no such thing. */
function keepCompiled() {
  if (enableCompileCache === undefined) return
  for (const folder of folders()) {
    // NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE have been gone by before.
    if (enableCompileCache(folder).status !== constants.compileCacheStatus.FAILED) return
  }
}

/** Of this user alone: V8 runs what it finds there. */
function* folders() {
  const { XDG_CACHE_HOME } = process.env
  try {
    const home = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache')
    // A home that is not there is not for us to make, nor one in whatever folder this is run in.
    if (isAbsolute(home) && existsSync(dirname(home))) yield join(home, 'portolan', 'compiled')
  } catch {
    // A user who is in no list of users and has no HOME.
  }
  const uid = process.getuid?.()
  if (uid === undefined) return
  try {
    const folder = join(tmpdir(), `portolan-compiled-${uid}`)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = lstatSync(folder)
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) yield folder
  } catch {
    // Then it is compiled each time.
  }
}
