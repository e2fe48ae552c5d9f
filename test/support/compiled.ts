import { fileURLToPath } from 'node:url'

/** Where Node keeps the sources compiled, as tests start the same commands hundreds of times: half of each start. */
export const COMPILED = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)),
}
