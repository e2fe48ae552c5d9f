import type { Listener, TlsIdentity } from '../adapters/listener.ts'
import { type NamedText, type ReadIdentity, readIdentity } from '../adapters/node/certificate.ts'
import { printOf, readRegular } from '../adapters/node/regular-file.ts'
import type { TlsConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { type ExpiryState, expiryState } from './expiry-state.ts'

/** In bytes; a chain has a few certificates of some kilobytes. */
const BYTES_MAX = 1024 * 1024

/** Who shows it. */
export type ListenerName = 'door' | 'admin'

/** Files that were read, and by what to tell that they changed since. */
export interface IdentityFiles extends ReadIdentity {
  readonly files: TlsConfig
  readonly print: string
}

/**
 * Reads what a listener shows over TLS. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` where files are not what they
 * should be or do not belong together.
 */
export async function readIdentityFiles(files: TlsConfig): Promise<IdentityFiles> {
  // Before they are read: what changes after that is seen the next time.
  const print = await printOfFiles(files)
  const [certificate, key, clientCA] = await Promise.all(
    [files.certificate, files.key, files.clientCA].map(async (file) =>
      file === undefined ? undefined : await readPemFile(file),
    ),
  )
  return { files, print, ...readIdentity({ certificate: certificate!, key: key!, clientCA }) }
}

/** Reads one of these files. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` for what is no text. */
export async function readPemFile(file: string): Promise<NamedText> {
  try {
    return { file, text: await readRegular(file, BYTES_MAX) }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      const message = `${file} is no text; expected PEM, neither DER nor PKCS #12`
      throw new PortolanError('CONFIG_INVALID', message, { file }, cause)
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { file, reason }, cause)
  }
}

/** What one listener shows over TLS, and what is made of other files in its place. */
export class ServedIdentity {
  readonly #name: ListenerName
  readonly #runtime: Pick<Runtime, 'log' | 'date'>
  #shown: IdentityFiles
  #listener: Pick<Listener, 'useIdentity'> | undefined
  #expiry: ExpiryState = 'valid'
  /** What the last look found wrong, and whether that was told. */
  #fault: { readonly text: string; isTold: boolean } | undefined

  constructor(name: ListenerName, read: IdentityFiles, runtime: Pick<Runtime, 'log' | 'date'>) {
    this.#name = name
    this.#shown = read
    this.#runtime = runtime
    this.#tellShown()
  }

  get identity(): TlsIdentity {
    return this.#shown.identity
  }

  /** In milliseconds since 1970. */
  get notAfter(): number {
    return this.#shown.notAfter
  }

  /** From now on it is this one that shows it. */
  attach(listener: Pick<Listener, 'useIdentity'>): void {
    this.#listener = listener
  }

  /** Shows another one. */
  show(read: IdentityFiles): void {
    this.#fault = undefined
    const isSame = sameIdentity(read.identity, this.#shown.identity)
    if (!isSame) this.#listener?.useIdentity(read.identity)
    this.#shown = read
    if (!isSame) this.#tellShown()
  }

  /**
   * Looks whether the files have changed, and shows what they hold now. Two files never change at once: what is wrong is
   * told when it still is so at the second look.
   */
  async look(): Promise<void> {
    const { files, print } = this.#shown
    this.#tellExpiry()
    if (this.#fault === undefined && (await printOfFiles(files)) === print) return
    try {
      const read = await readIdentityFiles(files)
      // A reload may have come in between.
      if (this.#shown.files === files) this.show(read)
    } catch (error) {
      this.#noteFault(error instanceof PortolanError ? error.message : String(error))
    }
  }

  #noteFault(text: string): void {
    if (this.#fault?.text !== text) {
      this.#fault = { text, isTold: false }
      return
    }
    if (this.#fault.isTold) return
    this.#fault.isTold = true
    this.#runtime.log.error(
      { listener: this.#name, faults: [text] },
      'the certificate was not replaced: the one in use stays',
    )
  }

  #tellShown(): void {
    const { files, subject, names, notBefore, notAfter } = this.#shown
    const facts = { listener: this.#name, certificate: files.certificate, subject, names }
    const dates = { notBefore: isoDate(notBefore), notAfter: isoDate(notAfter) }
    this.#runtime.log.info({ ...facts, ...dates }, 'this certificate is shown from now on')
    this.#expiry = 'valid'
    this.#tellExpiry()
  }

  #tellExpiry(): void {
    const { notBefore, notAfter } = this.#shown
    const state = expiryState({ notBefore, notAfter }, this.#runtime.date().getTime())
    if (state === this.#expiry) return
    this.#expiry = state
    if (state === 'valid') return
    const facts = { listener: this.#name, notBefore: isoDate(notBefore), notAfter: isoDate(notAfter) }
    if (state === 'ending') this.#runtime.log.warn(facts, 'the certificate that is shown ends soon')
    else if (state === 'ended') this.#runtime.log.error(facts, 'the certificate that is shown has ended')
    else this.#runtime.log.error(facts, 'the certificate that is shown is not valid yet')
  }
}

function sameIdentity(one: TlsIdentity, other: TlsIdentity): boolean {
  return one.certificate === other.certificate && one.key === other.key && one.clientCA === other.clientCA
}

async function printOfFiles({ certificate, key, clientCA }: TlsConfig): Promise<string> {
  const files = [certificate, key, ...(clientCA === undefined ? [] : [clientCA])]
  return (await Promise.all(files.map(printOf))).join('; ')
}

function isoDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
