import { parentPort, workerData } from 'node:worker_threads'
import { PortolanError } from '../../errors.ts'
import { formatOf } from '../../simulate/logs/formats.ts'
import type { LoggedRequest } from '../../simulate/logs/logged-request.ts'
import { readChunk } from '../../simulate/logs/read-chunk.ts'
import { openReplay, type ReplaySetup } from '../../simulate/open-replay.ts'
import type { FromReplayThread, ToReplayThread } from './replay-messages.ts'

// A thread that reads and replays chunks of a log until it is told that there are no more.

const port = parentPort!
const waiting = new Map<number, readonly LoggedRequest[]>()
const replay = orFail(() => openReplay(workerData as ReplaySetup))

port.on('message', (message: ToReplayThread) => orFail(() => take(message)))

function take(message: ToReplayThread): void {
  switch (message.kind) {
    case 'read': {
      const { number, bytes, format, header } = message
      const { requests, ...chunk } = readChunk(bytes, formatOf(format), header)
      waiting.set(number, requests)
      post({ kind: 'read', number, chunk })
      break
    }
    case 'replay': {
      const duplicates = new Set(message.duplicates)
      for (const [index, request] of waiting.get(message.number)!.entries()) {
        if (!duplicates.has(index)) replay!.take(request)
      }
      waiting.delete(message.number)
      break
    }
    case 'end':
      post({ kind: 'end', state: replay!.state })
      port.close()
  }
}

/** Of an error that is thrown, the other side would not learn its code. */
function orFail<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    post({ kind: 'failed', ...(error instanceof PortolanError && { code: error.code }), message })
    port.close()
    return undefined
  }
}

function post(message: FromReplayThread): void {
  port.postMessage(message)
}
