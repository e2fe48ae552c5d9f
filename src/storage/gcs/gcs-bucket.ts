import { PortolanError } from '../../errors.ts'
import type { Backoff } from '../../internal/backoff.ts'
import { retry } from '../../internal/retry.ts'
import type { Runtime } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { isPage, PAGE_ADVICE } from '../driver/advice.ts'
import { Deadline } from '../driver/deadline.ts'
import { type Action, statusOf, storeError, untrue } from '../driver/failure.ts'
import type { Authorize } from './gcs-credential.ts'
import { GcsRefusal, takeApart } from './gcs-failure.ts'

export interface GcsBucketFacts {
  readonly location: string
  readonly endpoint: string
  readonly name: string
  /** Before every key, without a slash at its end. */
  readonly prefix: string
  readonly authorize: Authorize
  readonly runtime: Runtime
  readonly attempts: number
}

export interface GcsRequest {
  readonly action: Action
  readonly key: string
  readonly url: string
  readonly milliseconds: number
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Beside all from 200 to 299. */
  readonly expect?: readonly number[]
  /** For a request whose answer has a body that is read later. */
  readonly deadline?: Deadline
  /** False where the address itself is the credential. */
  readonly authorized?: boolean
  /** True for what must not be sent again without a look at what came of it. */
  readonly once?: boolean
}

/** A page of a thousand objects, each with a long name, is well below. */
const MAX_JSON_BYTES = 16 * 1024 * 1024
const BACKOFF: Backoff = { first: 300, max: 10_000 }

/** One bucket by the JSON API of Cloud Storage, as all parts of the driver speak to it. */
export class GcsBucket {
  readonly location: string
  readonly runtime: Runtime
  /** Above every object of the bucket, for reading and for writing. */
  readonly objectsUrl: string
  readonly uploadsUrl: string
  readonly prefix: string
  readonly #facts: GcsBucketFacts

  constructor(facts: GcsBucketFacts) {
    this.#facts = facts
    this.location = facts.location
    this.runtime = facts.runtime
    this.prefix = facts.prefix === '' ? '' : `${facts.prefix}/`
    const path = `storage/v1/b/${encodeURIComponent(facts.name)}/o`
    this.objectsUrl = `${facts.endpoint}/${path}`
    this.uploadsUrl = `${facts.endpoint}/upload/${path}`
  }

  objectUrl(key: string): string {
    return `${this.objectsUrl}/${encodeURIComponent(this.prefix + key)}`
  }

  /**
   * Asks, and asks again when the service is not well. Rejects with a PortolanError. The answer is all there, unless
   * there is a deadline for reading it.
   */
  async send(request: GcsRequest): Promise<Response> {
    const ask = () =>
      this.#send(request).catch((error) => {
        const { action, key } = request
        throw storeError(this.location, action, key, error, takeApart(error, action))
      })
    return request.once ? ask() : this.retry(ask)
  }

  /** Tries again what the service did not answer, and after one error more, with growing waits. */
  retry<T>(
    work: (failures: number) => Promise<T>,
    { alsoAfter, progressed = () => false }: { alsoAfter?: PortolanError; progressed?: () => boolean } = {},
  ): Promise<T> {
    const again = (error: unknown) =>
      error instanceof PortolanError && (error.code === 'UNREACHABLE' || error === alsoAfter)
    const { attempts } = this.#facts
    return retry(this.runtime, { attempts, backoff: BACKOFF, again, progressed }, work)
  }

  /** As {@link send}, for an answer in JSON. */
  async json(request: GcsRequest): Promise<Readonly<Record<string, unknown>>> {
    return this.readJson(request.key, await this.send(request))
  }

  async readJson(key: string, response: Response): Promise<Readonly<Record<string, unknown>>> {
    const value: unknown = await response.json().catch(() => undefined)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
    const isHtml = isPage(response.headers.get('content-type'))
    throw untrue(this.location, key, isHtml ? PAGE_ADVICE : 'it does not answer in JSON')
  }

  async #send(request: GcsRequest): Promise<Response> {
    const { url, method = 'GET', headers, body, expect = [], authorized = true, milliseconds } = request
    const { runtime, authorize } = this.#facts
    const deadline = request.deadline ?? new Deadline(runtime)
    return deadline.bound(milliseconds, async (signal) => {
      const response = await runtime.fetch(url, {
        method,
        headers: { ...headers, ...(authorized && (await authorize(url))) },
        // 308 is no redirect here, and an address that is a credential goes nowhere else.
        redirect: 'manual',
        signal,
        ...(body !== undefined && { body: body as string | Uint8Array<ArrayBuffer> }),
      })
      if (!response.ok && !expect.includes(response.status)) {
        const text = await readBody(response, 64 * 1024).catch(() => undefined)
        throw new GcsRefusal(
          response.status,
          new TextDecoder().decode(text),
          response.headers.get('content-type'),
        )
      }
      if (request.deadline !== undefined) return response
      const bytes = await readBody(response, MAX_JSON_BYTES)
      return new Response(bytes?.length ? bytes : null, response)
    })
  }
}

/** Runs a request for something that may not be there; `undefined` for 404. */
export async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}
