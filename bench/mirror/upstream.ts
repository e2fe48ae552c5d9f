import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../../test/support/portolan.ts'

/** A registry of its own process that counts what it sends. */
export interface Upstream extends AsyncDisposable {
  readonly origin: string
  /** How many requests for blobs there were, and how many bytes of blobs were sent. */
  sent(): Promise<Sent>
}

export interface Sent {
  readonly requests: number
  readonly bytes: number
}

export interface Blob {
  readonly digest: string
  readonly size: number
}

const MIB = 1024 * 1024

/** Writes blobs of so many bytes that do not compress, named by their digests, and different ones for each label. */
export async function makeBlob(folder: string, label: string, size: number): Promise<Blob> {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(label).digest(), Buffer.alloc(16))
  const zeros = Buffer.alloc(MIB)
  const hash = createHash('sha256')
  const file = createWriteStream(join(folder, 'new'))
  for (let left = size; left > 0; left -= zeros.length) {
    const piece = cipher.update(zeros.subarray(0, Math.min(left, zeros.length)))
    hash.update(piece)
    if (!file.write(piece)) await once(file, 'drain')
  }
  file.end()
  await finished(file)
  const digest = `sha256:${hash.digest('hex')}`
  await rename(join(folder, 'new'), join(folder, digest))
  return { digest, size }
}

/** Starts one with the blobs of a folder; those of exactly `slowSize` bytes come at `slowRate` bytes a second. */
export async function startUpstream(folder: string, slowSize: number, slowRate: number): Promise<Upstream> {
  const program = fileURLToPath(new URL('upstream-process.ts', import.meta.url))
  const child: ChildProcess = spawn(RUNTIMES.node, [program, folder, `${slowSize}`, `${slowRate}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = await once(createInterface({ input: child.stdout! }), 'line')
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    sent: async () => (await (await fetch(`${origin}/sent`)).json()) as Sent,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}
