import { PortolanError } from '../../errors.ts'
import type { Log } from '../../telemetry/log.ts'
import { printOf, readRegular } from '../node/regular-file.ts'

const BYTES_MAX = 64 * 1024

/** A file that holds one secret, read again when it has changed. */
export class SecretFile {
  readonly #file: string
  readonly #log: Log
  #read: { text: string; print: string | undefined } | undefined
  /** Whether it is told that what was read before is still used. */
  #isTold = false

  constructor(file: string, log: Log) {
    this.#file = file
    this.#log = log
  }

  /**
   * What it holds, without a line break at the end. What was read before holds as long as the file is gone or empty:
   * whoever replaces it may do so in two steps. `anew` reads it even if it looks the same. Throws `FILE_UNREADABLE`, or
   * `CONFIG_INVALID` for what holds nothing; nothing of it is in an error.
   */
  async read(anew = false): Promise<string> {
    // Before it is read: what changes after that is seen the next time.
    const print = await printOf(this.#file)
    if (!anew && print !== undefined && print === this.#read?.print) return this.#read.text
    try {
      const text = await readSecret(this.#file)
      this.#read = { text, print }
      this.#isTold = false
      return text
    } catch (error) {
      if (this.#read === undefined) throw error
      if (!this.#isTold)
        this.#log.warn({ file: this.#file, reason: String(error) }, 'what was read before holds')
      this.#isTold = true
      return this.#read.text
    }
  }
}

async function readSecret(file: string): Promise<string> {
  let text: string
  try {
    text = await readRegular(file, BYTES_MAX)
  } catch (cause) {
    const isCoding = (cause as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
    const reason = isCoding ? 'it is no UTF-8' : cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { file, reason }, cause)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new PortolanError('CONFIG_INVALID', `${file} holds nothing`, { file })
  return secret
}
