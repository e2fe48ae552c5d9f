import { PortolanError } from '../../errors.ts'
import { PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { type CreateMd5, type Md5, toBase64 } from '../driver/digests.ts'
import { statusOf, untrue } from '../driver/failure.ts'
import type { PartSink } from '../driver/part-upload.ts'
import type { ObjectHeaders, UploadResume } from '../object-store.ts'
import type { GcsBucket } from './gcs-bucket.ts'

export interface GcsSessionFacts {
  readonly key: string
  /** Absent where there is none. */
  readonly createMd5?: CreateMd5 | undefined
  readonly size: number
  readonly headers: ObjectHeaders
  /** Whether there was nothing under the key when the upload began. */
  readonly absent: boolean
  readonly resume?: UploadResume | undefined
}

/**
 * A resumable upload of Cloud Storage. Its last byte makes the object visible, so that `finish` sends it. Whatever is
 * interrupted is asked for: the service may have kept a part of what was sent.
 */
export class GcsSession implements PartSink {
  readonly #bucket: GcsBucket
  readonly #facts: GcsSessionFacts
  /** A credential: whoever has this address may write to the object. */
  readonly #url: string
  #position: number
  /** Of all that was sent; absent when an earlier process sent some of it. */
  readonly #md5: Md5 | undefined
  /** What the service says of the object once it is whole, in base64. */
  #answered: unknown

  private constructor(bucket: GcsBucket, facts: GcsSessionFacts, url: string, position: number) {
    this.#bucket = bucket
    this.#facts = facts
    this.#url = url
    this.#position = position
    this.#md5 = position === 0 ? facts.createMd5?.() : undefined
  }

  /** Goes on with an earlier session if the service still has it, or begins one. */
  static async open(bucket: GcsBucket, facts: GcsSessionFacts): Promise<GcsSession> {
    const { key, size, headers, absent, resume } = facts
    if (resume?.state?.startsWith(`${bucket.uploadsUrl}?`)) {
      const earlier = new GcsSession(bucket, facts, resume.state, 0)
      const position = await earlier.#kept().catch(ignoreRefusal)
      if (position !== undefined && position < size) {
        return new GcsSession(bucket, facts, resume.state, position)
      }
    }
    const begin = (condition: string) =>
      bucket.send({
        action: 'write',
        key,
        method: 'POST',
        url: `${bucket.uploadsUrl}?uploadType=resumable&name=${encodeURIComponent(bucket.prefix + key)}${condition}`,
        headers: { 'Content-Type': 'application/json', 'X-Upload-Content-Length': String(size) },
        body: JSON.stringify({
          contentType: headers.contentType,
          ...(headers.cacheControl !== undefined && { cacheControl: headers.cacheControl }),
        }),
        milliseconds: SMALL_REQUEST_TIME,
      })
    const response = await begin(absent ? '&ifGenerationMatch=0' : '').catch((error) => {
      // Somebody was faster; going on without the condition replaces theirs with the same.
      if (statusOf(error) === 412) return begin('')
      throw error
    })
    const url = response.headers.get('location')
    if (!url?.startsWith(`${bucket.uploadsUrl}?`)) {
      throw untrue(bucket.location, key, 'it begins an upload at an address of somebody else')
    }
    await resume?.save(url)
    return new GcsSession(bucket, facts, url, 0)
  }

  /** How many bytes need not be sent again. */
  get position(): number {
    return this.#position
  }

  async part(bytes: Uint8Array): Promise<void> {
    await this.#bring(bytes)
    this.#md5?.update(bytes)
    await this.#facts.resume?.save(this.#url)
  }

  async finish(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#bring(bytes)
    } catch (error) {
      // Somebody else was first, and theirs stays.
      if (this.#facts.absent && statusOf(error) === 412) return false
      throw error
    }
    if (this.#md5 === undefined) return false
    this.#md5.update(bytes)
    return this.#answered === toBase64(this.#md5.digest())
  }

  async discard(): Promise<void> {
    const { key } = this.#facts
    await this.#bucket.send({
      action: 'write',
      key,
      method: 'DELETE',
      url: this.#url,
      headers: { 'Content-Length': '0' },
      milliseconds: SMALL_REQUEST_TIME,
      authorized: false,
      // 499 is how the service confirms it.
      expect: [404, 410, 499],
    })
  }

  /** Sends bytes until the service has all of them; what it has is asked for after each failure. */
  async #bring(bytes: Uint8Array): Promise<void> {
    const [start, end] = [this.#position, this.#position + bytes.length]
    const idle = untrue(this.#bucket.location, this.#facts.key, 'it keeps nothing of an upload')
    let before = start
    const work = async (failures: number) => {
      before = this.#position
      if (failures > 0) {
        this.#moveTo(await this.#kept(), start, end)
        if (this.#position === end) return
      }
      do {
        const from = this.#position
        this.#moveTo(await this.#send(bytes.subarray(from - start), from), start, end)
        if (this.#position <= from && from < end) throw idle
      } while (this.#position < end)
    }
    await this.#bucket.retry(work, { progressed: () => this.#position > before, alsoAfter: idle })
  }

  /** Believes the service about what it has of the bytes that it is brought. */
  #moveTo(position: number, start: number, end: number): void {
    if (position < start || position > end) {
      const what = `it has ${position} bytes of an upload; expected ${start} to ${end}`
      throw untrue(this.#bucket.location, this.#facts.key, what)
    }
    this.#position = position
  }

  /** Gives what the service has then. */
  async #send(bytes: Uint8Array, from: number): Promise<number> {
    const { size } = this.#facts
    const range = bytes.length === 0 ? '*' : `${from}-${from + bytes.length - 1}`
    return this.#put(`bytes ${range}/${from + bytes.length === size ? size : '*'}`, PART_REQUEST_TIME, bytes)
  }

  async #kept(): Promise<number> {
    return this.#put(`bytes */${this.#facts.size}`, SMALL_REQUEST_TIME)
  }

  async #put(
    contentRange: string,
    milliseconds: number,
    bytes: Uint8Array = new Uint8Array(),
  ): Promise<number> {
    const { key, size } = this.#facts
    const response = await this.#bucket.send({
      action: 'write',
      key,
      method: 'PUT',
      url: this.#url,
      headers: { 'Content-Range': contentRange },
      body: bytes,
      milliseconds,
      authorized: false,
      once: bytes.length > 0,
      expect: [308],
    })
    if (response.status !== 308) {
      const resource = await this.#bucket.readJson(key, response)
      this.#answered = resource.md5Hash
      if (resource.size === String(size)) return size
      throw untrue(this.#bucket.location, key, `it ends an upload of ${size} bytes at ${resource.size}`)
    }
    const [, last] = /^bytes=0-(\d{1,16})$/.exec(response.headers.get('range') ?? '') ?? []
    return last === undefined ? 0 : Number(last) + 1
  }
}

/** A session that the service does not know any more, or has ended by itself, is of no use. */
function ignoreRefusal(error: unknown): undefined {
  if (error instanceof PortolanError && error.code !== 'UNREACHABLE') return undefined
  throw error
}
