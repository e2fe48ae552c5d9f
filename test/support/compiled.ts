import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url))

/** Where runtimes keep the sources compiled, as tests start the same commands hundreds of times: half of each start. */
export const COMPILED = { NODE_COMPILE_CACHE: FOLDER }

/** Files that a runtime may keep there; the sources and all that they load are a quarter of that. */
const MOST = 6000

/** Throws away what a runtime keeps there when it is too much: a package in a folder of its own is kept each time anew. */
export function boundCompiled(folder = FOLDER, most = MOST): void {
  try {
    for (const runtime of readdirSync(folder)) {
      const kept = join(folder, runtime)
      if (readdirSync(kept).length > most) rmSync(kept, { recursive: true, force: true })
    }
  } catch {
    // Nothing was kept yet, or another run of tests writes there at this moment: then the next one does it.
  }
}
