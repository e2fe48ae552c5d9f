import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { Digest } from '../../oci/digest.ts'
import type { Runtime } from '../../runtime.ts'
import { bodyStream, emptyBody } from '../driver/body.ts'
import { Deadline, PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import type { CreateMd5 } from '../driver/digests.ts'
import { serviceReasonOf, statusOf, untrue } from '../driver/failure.ts'
import { type ListingPage, readPages } from '../driver/listing.ts'
import { checkInfo, checkRange, withoutLength } from '../driver/object-info.ts'
import { PartUpload, partSizeOf, wholeUpload } from '../driver/part-upload.ts'
import { readSmall } from '../driver/small-object.ts'
import type {
  ByteRange,
  ObjectHeaders,
  ObjectInfo,
  ObjectStore,
  Upload,
  UploadResume,
  VersionedObject,
} from '../object-store.ts'
import { S3Bucket } from './s3-bucket.ts'
import { checksumOf, type Digests, type S3ChecksumKind } from './s3-checksum.ts'
import { S3Checksums } from './s3-checksum-trial.ts'
import { createS3Client, type S3ClientOptions, type S3Fill } from './s3-client.ts'
import { credentialsAdvice } from './s3-failure.ts'
import { S3Multipart, sdkHeaders } from './s3-multipart.ts'

export interface S3StoreOptions extends S3ClientOptions {
  readonly runtime: Runtime
  /** For services that know no better checksum. */
  readonly createMd5?: CreateMd5
}

/** S3's own limit, which its kin share. */
const MAX_PARTS = 10_000

/**
 * Opens a bucket of S3 or of a store that speaks its protocol, with the credentials that the config names; without, with
 * those in `environment`, or what else the default chain of AWS finds.
 */
export function openS3Store(fill: S3Fill, options: S3StoreOptions): ObjectStore {
  const { bucket: name, prefix, endpoint, checksum = 'auto' } = fill
  const { runtime, createMd5 } = options
  const location = `s3://${name}${prefix && `/${prefix}`}${endpoint ? ` at ${endpoint}` : ''}`
  const client = createS3Client(fill, options)
  const digests = { createHash: runtime.createHash, createMd5 }
  const credentials = credentialsAdvice(fill)
  return new S3Store(
    new S3Bucket({ location, name, prefix, client, credentials, runtime }),
    checksum,
    digests,
  )
}

/** What must hold for a write to be done. */
interface WriteCondition {
  readonly IfNoneMatch?: '*'
  readonly IfMatch?: string
}

class S3Store implements ObjectStore {
  readonly location: string
  readonly keepsConditions = false
  readonly #bucket: S3Bucket
  readonly #checksums: S3Checksums
  readonly #digests: Digests
  #isBucketThere = false

  constructor(bucket: S3Bucket, checksum: S3ChecksumKind | 'auto', digests: Digests) {
    this.location = bucket.location
    this.#bucket = bucket
    this.#digests = digests
    this.#checksums = new S3Checksums(bucket, checksum, digests, (key) => this.delete(key))
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const head = await this.#unlessAbsent(
      this.#bucket.send({ action: 'look up', key, milliseconds: SMALL_REQUEST_TIME }, (client, options) =>
        client.send(new HeadObjectCommand(this.#bucket.at(key)), options),
      ),
    )
    if (head === undefined) return undefined
    const { ContentLength: size, LastModified, ContentType: contentType } = head
    return checkInfo(this.location, key, { size, modified: LastModified?.getTime(), contentType })
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    if (range !== undefined && range.start >= range.end) return (await this.stat(key)) && emptyBody()
    const deadline = new Deadline(this.#bucket.runtime)
    try {
      const answer = await this.#unlessAbsent(
        this.#bucket.send(
          { action: 'read', key, milliseconds: SMALL_REQUEST_TIME, deadline },
          (client, options) =>
            client.send(
              new GetObjectCommand({
                ...this.#bucket.at(key),
                ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
              }),
              options,
            ),
        ),
      )
      if (answer === undefined) return undefined
      const { Body, ContentLength, ContentRange, ContentType } = answer
      const length = range
        ? checkRange(this.location, key, range, ContentRange, ContentLength)
        : ContentLength
      if (length === undefined) throw withoutLength(this.location, key, ContentType)
      if (Body === undefined) return emptyBody()
      // A stream of the runtime, node's or the web's; both can be iterated.
      const body = Body as unknown as AsyncIterable<Uint8Array>
      return bodyStream(body, { location: this.location, key, length, deadline })
    } catch (error) {
      deadline.end()
      // The range begins behind the end.
      if (statusOf(error) === 416) return emptyBody()
      throw error
    }
  }

  async put(key: string, bytes: Uint8Array, headers: ObjectHeaders, digest?: Digest): Promise<boolean> {
    if (digest !== undefined) await this.#checksums.find()
    return this.#put(key, bytes, headers, {})
  }

  async read(key: string, limit: number): Promise<VersionedObject | undefined> {
    const { location } = this
    const request = { action: 'read', key, milliseconds: SMALL_REQUEST_TIME } as const
    return this.#unlessAbsent(
      this.#bucket.send(request, async (client, options) => {
        const { Body, ETag } = await client.send(new GetObjectCommand(this.#bucket.at(key)), options)
        const body = Body?.transformToWebStream() ?? emptyBody()
        return { bytes: await readSmall(body, { location, key, limit }), version: ETag ?? '' }
      }),
    )
  }

  async replace(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    version: string | undefined,
  ): Promise<boolean> {
    try {
      await this.#put(
        key,
        bytes,
        headers,
        version === undefined ? { IfNoneMatch: '*' } : { IfMatch: version },
      )
      return true
    } catch (error) {
      const status = statusOf(error)
      // 409: somebody else is at the same key; 404: what was to be replaced is gone.
      if (status === 412 || status === 409) return false
      if (status === 404 && serviceReasonOf(error) !== 'NoSuchBucket') return false
      throw error
    }
  }

  async upload(key: string, size: number, headers: ObjectHeaders, resume?: UploadResume): Promise<Upload> {
    const absent = (await this.stat(key)) === undefined
    const checksum = await this.#checksums.find()
    const partSize = partSizeOf(size, MAX_PARTS)
    if (size <= partSize) {
      return wholeUpload({ location: this.location, key, size }, async (bytes) => {
        if (!absent) return this.put(key, bytes, headers)
        const put = (condition: { IfNoneMatch?: '*' }) => this.#put(key, bytes, headers, condition)
        return (await this.#bucket.writeIfAbsent(put)) ?? false
      })
    }
    const isThere = async () => (await this.stat(key))?.size === size
    const sink = await S3Multipart.open(this.#bucket, {
      ...{ key, headers, partSize, absent, resume, isThere, checksum },
      digests: this.#digests,
    })
    return new PartUpload(
      { location: this.location, key, size, partSize, offset: sink.parts * partSize },
      sink,
    )
  }

  list(prefix: string): AsyncGenerator<ObjectInfo> {
    return readPages(this.location, prefix, (token) => this.#page(prefix, token))
  }

  async delete(key: string): Promise<void> {
    await this.#unlessAbsent(
      this.#bucket.send({ action: 'delete', key, milliseconds: SMALL_REQUEST_TIME }, (client, options) =>
        client.send(new DeleteObjectCommand(this.#bucket.at(key)), options),
      ),
    )
  }

  async close(): Promise<void> {
    this.#bucket.close()
  }

  /** A bucket that locks what it takes demands a checksum of everything: then one is looked for. */
  async #put(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    condition: WriteCondition,
  ): Promise<boolean> {
    const { known } = this.#checksums
    const write = (kind: S3ChecksumKind) => this.#putWith(kind, key, bytes, headers, condition)
    try {
      return await write(known ?? 'off')
    } catch (error) {
      if (known !== undefined || statusOf(error) !== 400) throw error
      const kind = await this.#checksums.find()
      if (kind === 'off') throw error
      return write(kind)
    }
  }

  async #putWith(
    kind: S3ChecksumKind,
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    condition: WriteCondition,
  ): Promise<boolean> {
    const checksum = checksumOf(bytes, kind, this.#digests)
    const answer = await this.#bucket.send(
      { action: 'write', key, milliseconds: PART_REQUEST_TIME },
      (client, options) =>
        client.send(
          new PutObjectCommand({
            ...this.#bucket.at(key),
            ...sdkHeaders(headers),
            ...condition,
            ...checksum.headers,
            ContentLength: bytes.length,
            Body: bytes,
          }),
          options,
        ),
    )
    return checksum.confirmedBy(answer)
  }

  async #page(prefix: string, token: string | undefined): Promise<ListingPage> {
    const page = await this.#bucket.send(
      { action: 'list', key: prefix, milliseconds: SMALL_REQUEST_TIME },
      (client, options) =>
        client.send(
          new ListObjectsV2Command({
            ...this.#bucket.below(prefix),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          options,
        ),
    )
    const { Contents: objects = [], IsTruncated, NextContinuationToken: next, KeyCount: count } = page
    // Anything that answers 200 would otherwise be an empty bucket.
    if (
      IsTruncated === undefined ||
      (IsTruncated && !next) ||
      (count !== undefined && count !== objects.length)
    ) {
      throw untrue(this.location, prefix, 'its listing is cut short')
    }
    return {
      objects: objects.map(({ Key = '', Size: size, LastModified }) =>
        checkInfo(this.location, this.#bucket.keyOf(Key), { size, modified: LastModified?.getTime() }),
      ),
      ...(IsTruncated && { next }),
    }
  }

  async #unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer
    } catch (error) {
      if (statusOf(error) !== 404 || serviceReasonOf(error) === 'NoSuchBucket') throw error
      await this.#requireBucket()
      return undefined
    }
  }

  /** A HEAD of an object in a bucket that is not there has the same answer as one of an object that is not. */
  async #requireBucket(): Promise<void> {
    if (this.#isBucketThere) return
    try {
      await this.#bucket.send(
        { action: 'list', key: '', milliseconds: SMALL_REQUEST_TIME },
        (client, options) => client.send(new HeadBucketCommand({ Bucket: this.#bucket.name }), options),
      )
    } catch (error) {
      // A bucket that may not be listed is there.
      if (statusOf(error) !== 403) throw error
    }
    this.#isBucketThere = true
  }
}
