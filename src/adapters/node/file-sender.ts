import { read } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { FilePart } from '../../internal/file-part.ts'
import { BufferPool } from './buffer-pool.ts'
import { descriptorOf } from './descriptor-of.ts'
import { type KernelFiles, openKernelFiles } from './kernel-files.ts'
import { type SendBodyOptions, sendBody } from './send-body.ts'
import { Turns } from './turns.ts'

/** What the kernel is told to send at a time: calls and turns cost little beside it then. */
const KERNEL_BYTES = 512 * 1024
/** What goes through a buffer at a time to a client that takes all at once; twice as much is hardly cheaper. */
const LARGE_BYTES = 256 * 1024
/** How many of those may be in use, for all clients together. */
const LARGE_MOST = 128
const LARGE_KEPT = 16
/** What a client that has to be waited for is sent at a time, and so what is held for each of them. */
const SMALL_BYTES = 64 * 1024
const SMALL_MOST = 1024
const SMALL_KEPT = 64
/** What is sent at a time when thousands are to be waited for, and held for each of those: no more than a connection takes. */
const LEAST_BYTES = 4096
/** How many clients are sent a large piece before whoever else has something to do; one takes a tenth of a millisecond. */
const AT_ONCE = 4
/** How much of a file that is still written is waited for, and how long at most, in milliseconds, once a client has some. */
const GATHER_BYTES = 256 * 1024
const GATHER = 20
/** After so many refusals in a row the kernel is taken to be unable, not the socket full. */
const REFUSALS = 4

const readFile = promisify(read)

/**
 * Sends parts of files: by the kernel alone where the runtime can tell it to, nothing is encrypted, and the bytes are in
 * memory; otherwise through buffers that are used again, of which a slow client holds one small one. A disk that has to
 * be waited for keeps nobody else waiting.
 */
export class FileSender {
  readonly #large = new BufferPool({ bytes: LARGE_BYTES, most: LARGE_MOST, kept: LARGE_KEPT })
  readonly #small = new BufferPool({ bytes: SMALL_BYTES, most: SMALL_MOST, kept: SMALL_KEPT })
  readonly #turns = new Turns(() => {}, { atOnce: AT_ONCE })
  readonly #open: () => KernelFiles | undefined
  #kernel: KernelFiles | undefined
  #isOpen = false

  /** What is given tells what the kernel can be had to do; it is asked when the first part is sent, as most doors send none. */
  constructor(open = openKernelFiles) {
    this.#open = open
  }

  /** Writes a part and closes it. Returns what gives it up, to be called once the socket is closed. */
  send(part: FilePart, socket: Socket, options: SendBodyOptions): () => void {
    if (!this.#isOpen) this.#kernel = this.#open()
    this.#isOpen = true
    const sending = new Sending({ part, socket, sender: this, kernel: this.#kernel }, options)
    sending.run()
    return () => sending.cancel()
  }

  /** Has a buffer used for that long: for so many bytes, or for less where those are all in use. */
  async lend(bytes: number, use: (buffer: Buffer) => Promise<void>): Promise<void> {
    for (const pool of bytes > SMALL_BYTES ? [this.#large, this.#small] : [this.#small]) {
      const buffer = pool.take()
      if (buffer === undefined) continue
      return use(buffer).finally(() => pool.give(buffer))
    }
    return use(Buffer.allocUnsafeSlow(LEAST_BYTES))
  }

  turn(): Promise<void> {
    return new Promise((resolve) => this.#turns.add({ takeTurn: resolve }))
  }
}

interface SendingParts {
  readonly part: FilePart
  readonly socket: Socket
  readonly sender: FileSender
  readonly kernel: KernelFiles | undefined
}

/** One part on its way. */
class Sending {
  readonly #part: FilePart
  readonly #socket: Socket
  readonly #sender: FileSender
  readonly #options: SendBodyOptions
  #position: number
  #kernel: KernelFiles | undefined
  #refusals = 0
  /** Whether the client took all of what it was last sent at once. */
  #isFast = true
  #isCancelled = false
  #goOn = () => {}

  constructor({ part, socket, sender, kernel }: SendingParts, options: SendBodyOptions) {
    this.#part = part
    this.#socket = socket
    this.#sender = sender
    this.#options = options
    this.#position = part.start
    this.#kernel = kernel
  }

  run(): void {
    this.#sendAll()
      // Not before: its number could be another file's then, and something may still be read.
      .finally(() => this.#part.close())
      .then(() => this.#isCancelled || this.#options.onEnd())
      .catch((error) => this.#isCancelled || this.#options.onError(error))
  }

  cancel(): void {
    this.#isCancelled = true
    this.#goOn()
  }

  async #sendAll(): Promise<void> {
    const { start, end, growth } = this.#part
    const { length } = this.#options
    if (length !== undefined && length !== end - start)
      throw new Error(`a part of a file has ${end - start} bytes where ${length} were promised`)
    try {
      await this.#sendFile()
    } catch (error) {
      const rest = this.#isCancelled ? undefined : growth?.rest(this.#position, error)
      if (rest === undefined) throw error
      await this.#sendRest(rest)
    }
  }

  async #sendFile(): Promise<void> {
    // What was written before must have left: the kernel knows nothing of it.
    if (this.#kernel !== undefined && this.#socket.writableLength > 0) await this.#write('')
    while (this.#position < this.#part.end) {
      const reach = await this.#reach()
      if (this.#isCancelled) return
      const descriptor = this.#kernel && descriptorOf(this.#socket)
      const left = reach - this.#position
      if (descriptor !== undefined) await this.#sendByKernel(descriptor, Math.min(KERNEL_BYTES, left))
      else await this.#copy(Math.min(this.#isFast ? LARGE_BYTES : SMALL_BYTES, left))
      if (this.#isCancelled) return
      this.#options.onProgress()
    }
  }

  /** Up to where the file can be read, once that is beyond where we are. */
  async #reach(): Promise<number> {
    const { growth, start, end } = this.#part
    if (growth === undefined) return end
    if (growth.position <= this.#position) {
      // The first bytes are awaited by somebody; later ones come by the packet, and many clients may follow one file.
      if (this.#position > start) {
        const gathered = growth.passed(this.#position + GATHER_BYTES)
        await this.#unlessGone(Promise.race([gathered, sleep(GATHER)]))
      }
      await this.#unlessGone(growth.passed(this.#position))
    }
    return Math.min(end, growth.position)
  }

  async #sendByKernel(socket: number, bytes: number): Promise<void> {
    const kernel = this.#kernel!
    const { descriptor, end } = this.#part
    const last = this.#position + bytes - 1
    if (!kernel.isInMemory(descriptor, this.#position) || !kernel.isInMemory(descriptor, last))
      return this.#copy(bytes)
    const sent = kernel.send(socket, descriptor, this.#position, bytes)
    if (sent <= 0) {
      if (++this.#refusals === REFUSALS) this.#kernel = undefined
      // In order to be told when a full socket takes something again; the kernel does the rest then.
      return this.#copy(Math.min(bytes, LEAST_BYTES))
    }
    this.#refusals = 0
    this.#position += sent
    if (this.#position < end) await this.#sender.turn()
  }

  #copy(most: number): Promise<void> {
    return this.#sender.lend(most, async (buffer) => {
      const bytes = Math.min(most, buffer.length)
      const { bytesRead } = await readFile(this.#part.descriptor, buffer, 0, bytes, this.#position)
      if (bytesRead === 0) {
        const lacking = this.#part.end - this.#position
        throw new Error(`a file ends ${lacking} bytes before what was promised of it`)
      }
      if (this.#isCancelled) return
      this.#position += bytesRead
      await this.#write(buffer.subarray(0, bytesRead))
    })
  }

  /** Until it has left the process, or the socket is closed. */
  #write(bytes: Uint8Array | string): Promise<void> {
    const written = new Promise<void>((resolve) => {
      this.#socket.write(bytes, (error) => error ?? resolve())
    })
    this.#isFast = this.#socket.writableLength === 0
    return this.#unlessGone(written)
  }

  /** Waits no longer than somebody wants it; unlike a race, it leaves nothing behind. */
  #unlessGone(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isCancelled) resolve()
      this.#goOn = resolve
      work.then(resolve, reject)
    })
  }

  async #sendRest(rest: ReadableStream<Uint8Array>): Promise<void> {
    const { onProgress } = this.#options
    const length = this.#part.end - this.#position
    let cancel = () => {}
    const sent = new Promise<void>((onEnd, onError) => {
      cancel = sendBody(rest, this.#socket, { length, onProgress, onEnd, onError })
    })
    await this.#unlessGone(sent)
    if (this.#isCancelled) cancel()
  }
}
