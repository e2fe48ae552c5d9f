import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { z } from 'zod'
import { PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { fromBase64, toBase64 } from '../driver/digests.ts'
import { serviceReasonOf, statusOf, untrue } from '../driver/failure.ts'
import type { PartSink } from '../driver/part-upload.ts'
import type { ObjectHeaders, UploadResume } from '../object-store.ts'
import type { S3Bucket } from './s3-bucket.ts'
import { checksumOf, compositeConfirmed, type Digests, type S3ChecksumKind } from './s3-checksum.ts'

export interface S3MultipartFacts {
  readonly key: string
  readonly headers: ObjectHeaders
  readonly partSize: number
  /** Whether there was nothing under the key when the upload began. */
  readonly absent: boolean
  /** By which checksum the service checks each part. */
  readonly checksum: S3ChecksumKind
  readonly digests: Digests
  readonly resume?: UploadResume | undefined
  /** Whether there is an object of the right size now. */
  readonly isThere: () => Promise<boolean>
}

const PART = z.object({
  etag: z.string(),
  /** Its checksum in base64; empty for none. */
  sum: z.base64(),
  /** Whether the store has confirmed it. */
  confirmed: z.boolean(),
})
/** A part that the store has. */
type SentPart = Readonly<z.infer<typeof PART>>

/** What is left of an upload when its process has ended. */
const STATE = z.object({
  uploadId: z.string(),
  checksum: z.enum(['sha256', 'md5', 'off']),
  /** In order. */
  parts: z.array(PART).readonly(),
})
type State = Readonly<z.infer<typeof STATE>>

/** A multipart upload: its parts are invisible until it is completed. */
export class S3Multipart implements PartSink {
  readonly #bucket: S3Bucket
  readonly #facts: S3MultipartFacts
  readonly #uploadId: string
  readonly #parts: SentPart[]

  private constructor(
    bucket: S3Bucket,
    facts: S3MultipartFacts,
    { uploadId, parts }: Pick<State, 'uploadId' | 'parts'>,
  ) {
    this.#bucket = bucket
    this.#facts = facts
    this.#uploadId = uploadId
    this.#parts = [...parts]
  }

  /** Goes on with an earlier one as far as the store still has its parts, or begins anew. */
  static async open(bucket: S3Bucket, facts: S3MultipartFacts): Promise<S3Multipart> {
    const earlier = readState(facts.resume?.state)
    if (earlier?.checksum === facts.checksum) {
      const parts = await partsLeft(bucket, facts, earlier)
      if (parts !== undefined) return new S3Multipart(bucket, facts, { uploadId: earlier.uploadId, parts })
    }
    const { key, headers, checksum, resume } = facts
    const { UploadId: uploadId } = await bucket.send(
      { action: 'write', key, milliseconds: SMALL_REQUEST_TIME },
      (client, options) =>
        client.send(
          new CreateMultipartUploadCommand({
            ...bucket.at(key),
            ...sdkHeaders(headers),
            ...(checksum === 'sha256' && { ChecksumAlgorithm: 'SHA256' }),
          }),
          options,
        ),
    )
    if (!uploadId) throw untrue(bucket.location, key, 'it begins an upload without an id')
    const multipart = new S3Multipart(bucket, facts, { uploadId, parts: [] })
    await resume?.save(multipart.#state())
    return multipart
  }

  /** How many parts need not be sent again. */
  get parts(): number {
    return this.#parts.length
  }

  async part(bytes: Uint8Array): Promise<void> {
    this.#parts.push(await this.#send(bytes))
    await this.#facts.resume?.save(this.#state())
  }

  async finish(bytes: Uint8Array): Promise<boolean> {
    const { key, absent, isThere } = this.#facts
    const parts = [...this.#parts, await this.#send(bytes)]
    const complete = (condition: { IfNoneMatch?: '*' }) =>
      this.#bucket.send({ action: 'write', key, milliseconds: PART_REQUEST_TIME }, (client, options) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...this.#bucket.at(key),
            UploadId: this.#uploadId,
            MultipartUpload: { Parts: parts.map((part, at) => this.#named(part, at + 1)) },
            ...condition,
          }),
          options,
        ),
      )
    try {
      const answer = await (absent ? this.#bucket.writeIfAbsent(complete) : complete({}))
      if (answer !== undefined) return this.#confirmed(parts, answer)
      await this.discard()
      return false
    } catch (error) {
      // A completion whose answer got lost on the way is repeated by the SDK, and then the upload is gone.
      if (serviceReasonOf(error) !== 'NoSuchUpload' || !(await isThere())) throw error
      return false
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

  #named({ etag: ETag, sum }: SentPart, PartNumber: number) {
    return { ETag, PartNumber, ...(this.#facts.checksum === 'sha256' && { ChecksumSHA256: sum }) }
  }

  #confirmed(parts: readonly SentPart[], answer: CompleteMultipartUploadCommandOutput): boolean {
    const { checksum, digests } = this.#facts
    const sums = parts.map(({ sum }) => fromBase64(sum))
    return parts.every(({ confirmed }) => confirmed) && compositeConfirmed(sums, checksum, answer, digests)
  }

  async #send(bytes: Uint8Array): Promise<SentPart> {
    const { key, checksum: kind, digests } = this.#facts
    const checksum = checksumOf(bytes, kind, digests)
    const answer = await this.#bucket.send(
      { action: 'write', key, milliseconds: PART_REQUEST_TIME },
      (client, options) =>
        client.send(
          new UploadPartCommand({
            ...this.#bucket.at(key),
            UploadId: this.#uploadId,
            PartNumber: this.#parts.length + 1,
            ...checksum.headers,
            ContentLength: bytes.length,
            Body: bytes,
          }),
          options,
        ),
    )
    const { ETag: etag } = answer
    if (!etag) throw untrue(this.#bucket.location, key, 'it takes a part without an ETag')
    return { etag, sum: toBase64(checksum.bytes), confirmed: checksum.confirmedBy(answer) }
  }

  #state(): string {
    const { checksum } = this.#facts
    const state: State = { uploadId: this.#uploadId, checksum, parts: this.#parts }
    return JSON.stringify(state)
  }
}

/** How an object is served, in the SDK's words. */
export function sdkHeaders({ contentType, cacheControl }: ObjectHeaders) {
  return { ContentType: contentType, ...(cacheControl !== undefined && { CacheControl: cacheControl }) }
}

/**
 * The parts that the store still has as they were sent; `undefined` when it has no such upload any more,
 * or does not tell.
 */
async function partsLeft(
  bucket: S3Bucket,
  { key, partSize }: S3MultipartFacts,
  { uploadId, parts: sent }: State,
): Promise<readonly SentPart[] | undefined> {
  const left: SentPart[] = []
  try {
    while (left.length < sent.length) {
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
        const expected = sent[left.length]
        if (expected === undefined || ETag !== expected.etag) return left
        if (PartNumber !== left.length + 1 || Size !== partSize) return left
        left.push(expected)
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
    return STATE.parse(JSON.parse(text ?? ''))
  } catch {
    return undefined
  }
}
