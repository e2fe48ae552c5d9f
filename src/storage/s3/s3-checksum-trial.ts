import { PutObjectCommand } from '@aws-sdk/client-s3'
import { probePath } from '../../inventory/paths.ts'
import { SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { statusOf } from '../driver/failure.ts'
import type { S3Bucket } from './s3-bucket.ts'
import { checksumOf, type Digests, type S3ChecksumHeaders, type S3ChecksumKind } from './s3-checksum.ts'

/** Writes some bytes under a name of no meaning, with a checksum; rejects with a PortolanError. */
export type TryWrite = (bytes: Uint8Array, checksum: S3ChecksumHeaders) => Promise<unknown>

/**
 * Finds out by which checksum a service really checks what it is given: some know none, some take any for right, and some
 * refuse what comes with one. The first kind of which it refuses a wrong one and takes the right one is it.
 *
 * Rejects with `UNREACHABLE` when it does not answer.
 */
export async function findChecksumKind(tryWrite: TryWrite, digests: Digests): Promise<S3ChecksumKind> {
  const [bytes, others] = ['one', 'two'].map((text) => new TextEncoder().encode(text)) as [
    Uint8Array,
    Uint8Array,
  ]
  for (const kind of ['sha256', 'md5'] as const) {
    const [right, wrong] = [checksumOf(bytes, kind, digests), checksumOf(others, kind, digests)]
    if (right.bytes.length === 0) continue
    if ((await outcomeOf(tryWrite(bytes, wrong.headers))) !== 'refused') continue
    if ((await outcomeOf(tryWrite(bytes, right.headers))) === 'taken') return kind
  }
  return 'off'
}

/** Some services break at a header that they do not know: that is no word on what was sent. */
async function outcomeOf(write: Promise<unknown>): Promise<'taken' | 'refused' | 'broken'> {
  try {
    await write
    return 'taken'
  } catch (error) {
    const status = statusOf(error)
    if (status === 500 || status === 501 || status === 507) return 'broken'
    // Busy, or gone: what it would have said, it has not said.
    if (status === undefined || status > 501 || status === 408 || status === 429) throw error
    return 'refused'
  }
}

/** Which checksum goes with what is written to a bucket: the one of the config, or the one that a trial finds, once. */
export class S3Checksums {
  readonly #bucket: S3Bucket
  readonly #digests: Digests
  readonly #drop: (key: string) => Promise<void>
  #found: Promise<S3ChecksumKind> | undefined
  #known: S3ChecksumKind | undefined

  /** `drop` deletes what was written on trial. */
  constructor(
    bucket: S3Bucket,
    setting: S3ChecksumKind | 'auto',
    digests: Digests,
    drop: (key: string) => Promise<void>,
  ) {
    this.#bucket = bucket
    this.#digests = digests
    this.#drop = drop
    this.#known = setting === 'auto' ? undefined : setting
  }

  /** `undefined` as long as nothing was tried: a run that writes next to nothing need not. */
  get known(): S3ChecksumKind | undefined {
    return this.#known
  }

  /** Rejects with `UNREACHABLE`, and then tries again when it is asked again. */
  find(): Promise<S3ChecksumKind> {
    if (this.#known !== undefined) return Promise.resolve(this.#known)
    this.#found ??= this.#try().finally(() => {
      this.#found = undefined
    })
    return this.#found
  }

  async #try(): Promise<S3ChecksumKind> {
    const key = probePath(Math.floor(this.#bucket.runtime.random() * 36 ** 10).toString(36))
    const write = (bytes: Uint8Array, checksum: S3ChecksumHeaders) =>
      this.#bucket.send({ action: 'write', key, milliseconds: SMALL_REQUEST_TIME }, (client, options) =>
        client.send(
          new PutObjectCommand({
            ...this.#bucket.at(key),
            ...checksum,
            ContentLength: bytes.length,
            Body: bytes,
          }),
          options,
        ),
      )
    try {
      this.#known = await findChecksumKind(write, this.#digests)
      return this.#known
    } finally {
      // What a bucket keeps for a while by itself goes with that.
      await this.#drop(key).catch(() => {})
    }
  }
}
