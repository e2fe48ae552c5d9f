import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { readLogBytes } from './log-bytes.ts'
import type { LogSource } from './replay-logs.ts'

/**
 * Standard input, kept as it comes in a file that has no name any more, so that it can be read again and is gone however
 * the process ends. Throws `FILE_UNWRITABLE` where the disk has no space for it.
 */
export class SpooledInput implements LogSource, AsyncDisposable {
  readonly name = '-'
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async read(): Promise<SpooledInput> {
    let file: FileHandle | undefined
    try {
      file = await openNameless()
      // Unlike one write, all of it or an error.
      for await (const piece of process.stdin) await file.appendFile(piece)
      return new SpooledInput(file)
    } catch (cause) {
      await file?.close()
      const message = `cannot keep standard input in ${tmpdir()} to read it twice, as sponsors' budgets need: ${(cause as Error).message}; name a file, or set TMPDIR`
      throw new PortolanError('FILE_UNWRITABLE', message, { file: tmpdir() }, cause)
    }
  }

  readonly pieces = (onBytes: (count: number) => void): AsyncIterable<Uint8Array> => {
    const options = { start: 0, autoClose: false, highWaterMark: 256 * 1024 }
    return readLogBytes('-', onBytes, () => this.#file.createReadStream(options))
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close()
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-'))
  try {
    return await open(join(folder, 'log'), 'wx+', 0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
