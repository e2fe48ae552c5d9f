'use strict'
const { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } = require('node:fs')
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
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE } = process.env
  // Node has gone by these before.
  if (enableCompileCache === undefined || NODE_COMPILE_CACHE || NODE_DISABLE_COMPILE_CACHE) return
  for (const folder of folders()) {
    bound(folder)
    if (enableCompileCache(folder).status !== constants.compileCacheStatus.FAILED) return
  }
}

/** Of each runtime, with each set of flags: what one version of Portolan has is a fifth of it at most. */
const MOST_FILES = 1000
/** Runtimes, each with each set of flags, of which there are four. */
const MOST_RUNTIMES = 20

/** Throws away what versions that are gone have left, when that is too much; V8 throws nothing away. */
function bound(folder) {
  try {
    const kept = readdirSync(folder).map((name) => join(folder, name))
    const isFull = (runtime) => kept.length > MOST_RUNTIMES || readdirSync(runtime).length > MOST_FILES
    for (const runtime of kept.filter(isFull)) rmSync(runtime, { recursive: true, force: true })
  } catch {
    // Somebody else does so at this moment.
  }
}

/** Where compiled code may be kept: V8 runs what it finds there. */
function* folders() {
  const { XDG_CACHE_HOME } = process.env
  try {
    const home = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache')
    // A home that is not there is not for us to make, nor one in whatever folder this is run in.
    if (isAbsolute(home) && existsSync(dirname(home))) {
      const above = join(home, 'portolan')
      const folder = join(above, 'compiled')
      // By sudo, this may be the home of another user, who could put another folder in its place.
      if (isSafe(above) && isOwn(folder)) yield folder
    }
  } catch {
    // A user who is in no list of users and has no HOME, or may not write there.
  }
  try {
    const folder = join(tmpdir(), `portolan-compiled-${process.getuid?.()}`)
    if (process.getuid !== undefined && isSafe(tmpdir()) && isOwn(folder)) yield folder
  } catch {
    // Then it is compiled each time.
  }
}

/** Whether a folder, which is made where there is none, is this user's, and nobody else may write to it. */
function isOwn(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (process.getuid === undefined) return found.isDirectory()
  return found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o022) === 0
}

/** Whether nobody but this user and root can put something else in the place of what is in a folder, once that is there. */
function isSafe(folder) {
  if (process.getuid === undefined) return true
  const above = dirname(folder)
  if (above !== folder && !isSafe(above)) return false
  if (!existsSync(folder)) return true
  const { uid, mode } = statSync(folder)
  return (uid === 0 || uid === process.getuid()) && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0)
}
