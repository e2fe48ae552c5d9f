import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { TestBlob } from '../../support/content.ts'
import { type Answer, serve } from '../../support/scripted-registry.ts'

/** An upstream that begins a blob, and goes on when it is told to. */
export interface Gate {
  readonly answer: Answer
  /** How many were answered so far. */
  readonly asked: number
  release(): void
}

/** Says the length at once and gives the first `before` bytes; the rest when it is released. */
export function gate({ bytes }: TestBlob, before: number): Gate {
  const waiting: ServerResponse[] = []
  let isOpen = false
  let asked = 0
  return {
    answer(_, response) {
      asked++
      response.writeHead(200, { 'Content-Length': bytes.length })
      response.flushHeaders()
      if (before > 0) response.write(bytes.subarray(0, before))
      if (isOpen) response.end(bytes.subarray(before))
      else waiting.push(response)
    },
    get asked() {
      return asked
    },
    release() {
      isOpen = true
      for (const response of waiting.splice(0)) response.end(bytes.subarray(before))
    },
  }
}

/** Promises the whole of a blob, gives so many bytes of it, and hangs up. */
export function cut({ bytes }: TestBlob, at: number): Answer {
  return (_, response) => {
    response.writeHead(200, { 'Content-Length': bytes.length })
    response.write(bytes.subarray(0, at), () => response.destroy())
  }
}

/** Compressed, with the length of what is sent. */
export function compressed({ bytes }: TestBlob): Answer {
  const sent = gzipSync(bytes)
  return (_, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': sent.length }).end(sent)
  }
}

/** Its end, though all of it was asked for. */
export function otherPart({ bytes }: TestBlob): Answer {
  return (_, response) => {
    const start = bytes.length / 2
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`
    response.writeHead(206, { 'Content-Range': range, 'Content-Length': bytes.length - start })
    response.end(bytes.subarray(start))
  }
}

/** As many bytes as the blob has, of which the last is another. */
export function wrong(blob: TestBlob): Answer {
  const bytes = Buffer.from(blob.bytes)
  bytes[bytes.length - 1]! ^= 1
  return serve({ bytes })
}

export function html(_: unknown, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/html' })
  response.end('<html>Please log in to the network</html>')
}

/** Never answers. */
export function silent(): void {}

/** Hangs up without a word. */
export function hangUp(_: unknown, response: ServerResponse): void {
  response.destroy()
}
