import type { InnerWord } from '../adapters/node/own-program.ts'

type Run = (words: readonly string[]) => Promise<void>

const INNER: Readonly<Record<InnerWord, Run>> = {
  'demo-upstream': async (words) => (await import('../demo/upstream-process.ts')).runUpstream(words),
  'serve-worker': async (words) => (await import('./processes/run-worker.ts')).runWorker(words),
}

/**
 * What a process of ours runs, by the first word of its command line, so that one file is all that is needed to start
 * it: an executable has no others. `undefined` for everybody else, who has no channel to tell anything on.
 */
export function innerProgram(word: string): Run | undefined {
  if (process.send === undefined || !Object.hasOwn(INNER, word)) return undefined
  return INNER[word as InnerWord]
}
