import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { serviceReasonOf, statusOf, untrue } from '../driver/failure.ts'
import type { PartSink } from '../driver/part-upload.ts'
import type { ObjectHeaders, UploadResume } from '../object-store.ts'
import type { S3Bucket } from './s3-bucket.ts'

export interface S3MultipartFacts {
  readonly key: string
  readonly headers: ObjectHeaders
  readonly partSize: number
  /** Whether there was nothing under the key when the upload began. */
  readonly absent: boolean
  readonly resume?: UploadResume | undefined
  /** Whether there is an object of the right size now. */
  readonly isThere: () => Promise<boolean>
}

/** What is left of an upload when its process has ended. */
interface State {
  readonly uploadId: string
  /** Of each part, in order. */
  readonly etags: readonly string[]
}

/** A multipart upload: its parts are invisible until it is completed. */
export class S3Multipart implements PartSink {
  readonly #bucket: S3Bucket
  readonly #facts: S3MultipartFacts
  readonly #uploadId: string
  readonly #etags: string[]

  private constructor(bucket: S3Bucket, facts: S3MultipartFacts, { uploadId, etags }: State) {
    this.#bucket = bucket
    this.#facts = facts
    this.#uploadId = uploadId
    this.#etags = [...etags]
  }

  /** Goes on with an earlier one as far as the store still has its parts, or begins anew. */
  static async open(bucket: S3Bucket, facts: S3MultipartFacts): Promise<S3Multipart> {
    const earlier = readState(facts.resume?.state)
    const etags = earlier && (await partsLeft(bucket, facts, earlier))
    if (earlier !== undefined && etags !== undefined) {
      return new S3Multipart(bucket, facts, { uploadId: earlier.uploadId, etags })
    }
    const { key, headers, resume } = facts
    const { UploadId: uploadId } = await bucket.send(
      { action: 'write', key, milliseconds: SMALL_REQUEST_TIME },
      (client, options) =>
        client.send(new CreateMultipartUploadCommand({ ...bucket.at(key), ...sdkHeaders(headers) }), options),
    )
    if (!uploadId) throw untrue(bucket.location, key, 'it begins an upload without an id')
    const multipart = new S3Multipart(bucket, facts, { uploadId, etags: [] })
    await resume?.save(multipart.#state())
    return multipart
  }

  /** How many parts need not be sent again. */
  get parts(): number {
    return this.#etags.length
  }

  async part(bytes: Uint8Array): Promise<void> {
    this.#etags.push(await this.#send(bytes))
    await this.#facts.resume?.save(this.#state())
  }

  async finish(bytes: Uint8Array): Promise<void> {
    const { key, absent, isThere } = this.#facts
    const etags = [...this.#etags, await this.#send(bytes)]
    const complete = (condition: { IfNoneMatch?: '*' }) =>
      this.#bucket.send({ action: 'write', key, milliseconds: PART_REQUEST_TIME }, (client, options) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...this.#bucket.at(key),
            UploadId: this.#uploadId,
            MultipartUpload: { Parts: etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 })) },
            ...condition,
          }),
          options,
        ),
      )
    try {
      if (!absent) await complete({})
      else if (!(await this.#bucket.writeIfAbsent(complete))) await this.discard()
    } catch (error) {
      // A completion whose answer got lost on the way is repeated by the SDK, and then the upload is gone.
      if (serviceReasonOf(error) !== 'NoSuchUpload' || !(await isThere())) throw error
    }
  }

  async discard(): Promise<void> {
    const { key } = this.#facts
    try {
      await this.#bucket.send({ action: 'write', key, milliseconds: SMALL_REQUEST_TIME }, (client, options) =>
        client.send(
          new AbortMultipartUploadCommand({ ...this.#bucket.at(key), UploadId: this.#uploadId }),
          options,
        ),
      )
    } catch (error) {
      // Gone already, or kept by a store that cannot do better.
      if (![404, 405, 501].includes(statusOf(error) ?? 0)) throw error
    }
  }

  async #send(bytes: Uint8Array): Promise<string> {
    const { key } = this.#facts
    const { ETag } = await this.#bucket.send(
      { action: 'write', key, milliseconds: PART_REQUEST_TIME },
      (client, options) =>
        client.send(
          new UploadPartCommand({
            ...this.#bucket.at(key),
            UploadId: this.#uploadId,
            PartNumber: this.#etags.length + 1,
            ContentLength: bytes.length,
            Body: bytes,
          }),
          options,
        ),
    )
    if (!ETag) throw untrue(this.#bucket.location, key, 'it takes a part without an ETag')
    return ETag
  }

  #state(): string {
    const state: State = { uploadId: this.#uploadId, etags: this.#etags }
    return JSON.stringify(state)
  }
}

/** How an object is served, in the SDK's words. */
export function sdkHeaders({ contentType, cacheControl }: ObjectHeaders) {
  return { ContentType: contentType, ...(cacheControl !== undefined && { CacheControl: cacheControl }) }
}

/**
 * The ETags of the parts that the store still has as they were sent; `undefined` when it has no such upload any more,
 * or does not tell.
 */
async function partsLeft(
  bucket: S3Bucket,
  { key, partSize }: S3MultipartFacts,
  { uploadId, etags }: State,
): Promise<readonly string[] | undefined> {
  const left: string[] = []
  try {
    while (left.length < etags.length) {
      const { Parts: parts = [] } = await bucket.send(
        { action: 'write', key, milliseconds: SMALL_REQUEST_TIME },
        (client, options) =>
          client.send(
            new ListPartsCommand({
              ...bucket.at(key),
              UploadId: uploadId,
              PartNumberMarker: String(left.length),
            }),
            options,
          ),
      )
      const before = left.length
      for (const { PartNumber, Size, ETag } of parts) {
        const expected = etags[left.length]
        if (PartNumber !== left.length + 1 || Size !== partSize || ETag !== expected) return left
        left.push(ETag!)
      }
      if (left.length === before) return left
    }
    return left
  } catch (error) {
    if (statusOf(error) !== undefined && statusOf(error)! < 500) return undefined
    throw error
  }
}

function readState(text: string | undefined): State | undefined {
  try {
    const { uploadId, etags } = JSON.parse(text ?? '')
    const valid = typeof uploadId === 'string' && Array.isArray(etags)
    return valid && etags.every((etag) => typeof etag === 'string') ? { uploadId, etags } : undefined
  } catch {
    return undefined
  }
}
