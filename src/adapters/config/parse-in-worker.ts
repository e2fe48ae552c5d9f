import type { Config } from '../../config/config.ts'
import type { ParsedConfig, ParseOptions } from '../../config/parse.ts'
import { PortolanError } from '../../errors.ts'
import { fileBeside } from '../node/own-program.ts'
import { runThread } from '../node/run-thread.ts'

/** A config's text, and what to read it with, as data that can go to another thread. */
export interface ParseRequest {
  readonly text: string
  readonly options: ParseOptions
}

/** What comes back. A config and its warnings come as JSON, which this side reads ten times faster than it would copy the value. */
export type ParseReply = Exclude<ParsedConfig, { config: Config }> | { readonly json: string }

const WORKER = fileBeside(import.meta.url, 'parse-worker')
/** In MiB; a config of 50,000 places takes about half. Bun knows no such limit. */
const HEAP_MAX = 768

/**
 * Reads a config in a thread of its own: a large one takes seconds, in which requests must go on. Rejects with
 * `CONFIG_INVALID` when it takes more memory than any config should.
 */
export async function parseInWorker(request: ParseRequest): Promise<ParsedConfig> {
  try {
    const reply = await runThread<ParseReply>(WORKER, request, HEAP_MAX)
    return 'json' in reply ? (JSON.parse(reply.json) as ParsedConfig) : reply
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error
    const message = `${request.options.fileName} takes more than ${HEAP_MAX} MiB of memory to read`
    throw new PortolanError('CONFIG_INVALID', message, { file: request.options.fileName }, error)
  }
}
