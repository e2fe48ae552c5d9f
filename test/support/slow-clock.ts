import { pathToFileURL } from 'node:url'
import { PROGRAM } from './portolan.ts'

// The command by a clock that goes twenty times slower: what comes at once to a door does so on a busy machine, too. A
// timer takes as long as ever.
const now = performance.now.bind(performance)
Object.defineProperty(performance, 'now', { value: () => now() / 20 })
await import(pathToFileURL(PROGRAM).href)
