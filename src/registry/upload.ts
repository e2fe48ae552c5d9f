import { PortolanError } from '../errors.ts'
import type { Name } from '../oci/name.ts'
import type { Runtime } from '../runtime.ts'
import type { AddressGuard } from '../transport/address-guard.ts'
import { readRetryAfter } from '../transport/retry-after.ts'
import { copied, watchStream } from '../transport/watch-body.ts'
import type { Asker } from './ask.ts'
import { firstBytes } from './first-bytes.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal } from './refusal.ts'
import type { PushedBlob, PutBlobOptions } from './writer.ts'

/** Up to here a body is sent from memory, and can be sent again when a token has expired. */
const SMALL_BYTES = 1024 * 1024
/** What a registry is sent at once that does not take a blob whole. */
const CHUNK_BYTES = 32 * 1024 * 1024
/** The longest that a registry may make us wait, in milliseconds. */
const RETRY_AFTER_MAX = 60_000
/** RFC 9110, 14.4 without the unit (OCI distribution spec 1.1, "Pushing a blob in chunks"). */
const RANGE = /^(?:bytes=)?0-([0-9]{1,15})$/
/** Statuses by which a registry says that it wants less at once. */
const TOO_MUCH = [405, 411, 413]
/** What registries answer to a chunk that they have taken: 202 by the specification, the others all the same. */
const TAKEN = [201, 202, 204]

/** What a push of one blob needs. */
export interface PushParts {
  readonly runtime: Pick<Runtime, 'after' | 'random' | 'date'>
  /** Says where a registry must not send us. */
  readonly guard: AddressGuard
  readonly asker: Asker
  /** Of the blob itself: its URL, and how errors name it. */
  readonly question: RegistryQuestion
  /** Where uploads to the repository begin, with its slash at the end. */
  readonly uploads: string
}

/** An upload that goes on, or begins anew, though the registry has said no; `refused` is that, should it not help. */
export class UploadBroken extends Error {
  override readonly name = 'UploadBroken'
  readonly refused: PortolanError

  constructor(refused: PortolanError) {
    super(refused.message, { cause: refused })
    this.refused = refused
  }
}

/** An upload of one blob at a registry, from its beginning to its end. */
export class Upload {
  /** Bytes that went over the line so far. */
  sent = 0
  /** How long the registry wants to be left alone after its last answer, in milliseconds. */
  retryAfter = 0
  readonly #parts: PushParts
  readonly #blob: PushedBlob
  readonly #options: PutBlobOptions
  #location: string | undefined
  /** How many bytes the registry has. */
  #offset = 0
  /** Whether some of them came by another request than the next one. */
  #isResumed = false
  /** Whether a token has ended since the registry last took anything. */
  #isRenewed = false
  /** Bytes in one request; absent while it takes all at once. */
  #chunk: number | undefined

  constructor(parts: PushParts, blob: PushedBlob, options: PutBlobOptions) {
    this.#parts = parts
    this.#blob = blob
    this.#options = options
  }

  /** Goes on with what another process has begun; where it ends is known after {@link recover}. */
  adopt(session: string): void {
    this.#location = session
  }

  /** Begins an upload. True when the registry had the blob in `from`, and there is nothing to upload. */
  async begin(from?: Name): Promise<boolean> {
    this.#offset = 0
    this.#isResumed = false
    if (from !== undefined && (await this.#mount(from))) return true
    if (this.#location !== undefined) return false
    const response = await this.#ask('POST', this.#parts.uploads)
    if (response.status !== 202) throw await this.#refused('POST', this.#parts.uploads, response)
    await this.#moveTo(response)
    return false
  }

  /** Finds out how many bytes the registry has; begins anew where it does not say. */
  async recover(): Promise<void> {
    const location = this.#location
    if (location !== undefined) {
      const response = await this.#ask('GET', location)
      await response.body?.cancel()
      const range = RANGE.exec(response.headers.get('Range') ?? '')
      // "0-0" is no bytes or one: from nothing on is right in one of both cases, and found out in the other.
      const offset = range === null || range[1] === '0' ? 0 : Number(range[1]) + 1
      if ((response.status === 204 || response.status === 202) && offset <= this.#blob.size) {
        if (offset > 0) {
          await this.#moveTo(response, location)
          this.#offset = offset
          this.#isResumed = true
          return
        }
      }
    }
    this.#location = undefined
    await this.begin()
  }

  /** Sends what the registry lacks, and ends the upload. */
  async send(): Promise<void> {
    const { size } = this.#blob
    if (this.#chunk === undefined && this.#offset === 0) {
      const response = await this.#end(await this.#body(0, size), size)
      if (response === undefined) return
      // The upload has ended with its PUT, whatever came of it.
      this.#chunk = CHUNK_BYTES
      this.#location = undefined
      await this.begin()
    }
    while (this.#offset < size) await this.#patch(Math.min(size, this.#offset + (this.#chunk ?? size)))
    const refused = await this.#end(undefined, 0)
    if (refused !== undefined) throw refused
  }

  async #mount(from: Name): Promise<boolean> {
    const url = `${this.#parts.uploads}?mount=${encodeURIComponent(this.#blob.digest)}&from=${encodeURIComponent(from)}`
    const response = await this.#ask('POST', url)
    if (response.status === 202) await this.#moveTo(response)
    else await response.body?.cancel()
    // Whatever else it says: it does not mount, which it need not.
    return response.status === 201
  }

  async #patch(end: number): Promise<void> {
    const start = this.#offset
    const location = this.#location!
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Range': `${start}-${end - 1}` }
    const response = await this.#ask('PATCH', location, headers, await this.#body(start, end), end - start)
    if (!TAKEN.includes(response.status)) throw await this.#refused('PATCH', location, response)
    await this.#moveTo(response, location)
    this.#offset = end
    this.#isResumed = true
  }

  /** Ends the upload with the last of its bytes. The error when the registry wants less at once. */
  async #end(body: Uint8Array | ReadableStream<Uint8Array> | undefined, length: number) {
    const location = this.#location!
    const url = `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(this.#blob.digest)}`
    const headers = { 'Content-Type': 'application/octet-stream' }
    const response = await this.#ask('PUT', url, headers, body, length)
    if (response.status === 201) {
      await response.body?.cancel()
      return undefined
    }
    const refused = await this.#refused('PUT', url, response)
    if (length > 0 && this.#chunk === undefined && TOO_MUCH.includes(response.status)) return refused
    // Of bytes that came in several requests, a registry may have kept others than it said.
    if (response.status === 400 && this.#isResumed && refused instanceof PortolanError)
      throw this.#lost(refused)
    throw refused
  }

  async #refused(
    method: RegistryQuestion['method'] & string,
    url: string,
    response: Response,
  ): Promise<PortolanError | UploadBroken> {
    const refused = await refusal({ ...this.#parts.question, url, method }, response)
    const { status } = response
    // Its token had ended, and a stream is sent once: what is asked next comes with another one.
    if (status === 401 && method !== 'POST' && !this.#isRenewed) {
      this.#isRenewed = true
      return new UploadBroken(refused)
    }
    // Not of the repository: that has answered when the upload began.
    return (status === 404 || status === 416) && method !== 'POST' ? this.#lost(refused) : refused
  }

  /** The registry has forgotten it. */
  #lost(refused: PortolanError): UploadBroken {
    this.#location = undefined
    return new UploadBroken(refused)
  }

  async #body(start: number, end: number): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    const { size, read, lend = false } = this.#blob
    const whole = read(start)
    const body = end === size ? whole : firstBytes(whole, end - start)
    if (end - start <= SMALL_BYTES) {
      return new Uint8Array(await new Response(lend ? copied(body) : body).arrayBuffer())
    }
    return watchStream(body, {
      read: async (next) => {
        const result = await next()
        this.sent += result.value?.length ?? 0
        return result
      },
    })
  }

  async #ask(
    method: RegistryQuestion['method'] & string,
    url: string,
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array | ReadableStream<Uint8Array>,
    length = 0,
  ): Promise<Response> {
    const { asker, question, runtime } = this.#parts
    const { signal } = this.#options
    const asked = { ...question, url, method, ...(signal && { signal }) }
    if (body instanceof Uint8Array) this.sent += body.length
    const sized = method === 'GET' ? headers : { ...headers, 'Content-Length': `${length}` }
    const lent = body instanceof ReadableStream && this.#blob.lend === true
    const response = await asker.ask({
      ...{ ...asked, headers: sized },
      ...(body && { body }),
      ...(lent && { lend: true }),
    })
    this.retryAfter = Math.min(
      readRetryAfter(response.headers.get('Retry-After'), runtime) ?? 0,
      RETRY_AFTER_MAX,
    )
    return response
  }

  /** Where the upload goes on, which is for the registry to say in each answer; some leave it where it was. */
  async #moveTo(response: Response, from?: string): Promise<void> {
    await response.body?.cancel()
    const { question, guard, uploads } = this.#parts
    const said = response.headers.get('Location') ?? from
    const to = said === undefined ? null : URL.parse(said, from ?? uploads)
    const registry = new URL(uploads)
    const downgrade = registry.protocol === 'https:' && to?.protocol !== 'https:'
    if (to === null || !/^https?:$/.test(to.protocol) || to.username !== '' || downgrade) {
      const message = `cannot push ${question.what}: the registry says nowhere where its bytes may go; check that ${registry.host} takes pushes`
      throw new PortolanError('CONTENT_INVALID', message, question.facts)
    }
    const refused = to.origin === registry.origin ? undefined : await guard.refuses(registry, to)
    if (refused !== undefined) {
      const message = `cannot push ${question.what}: the registry sends us ${refused}`
      throw new PortolanError('CONTENT_INVALID', message, question.facts)
    }
    this.#location = to.href
    await this.#options.save?.(to.href)
  }
}
