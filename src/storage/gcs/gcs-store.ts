import type { FillConfig, SecretSource } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { bodyStream, emptyBody } from '../driver/body.ts'
import { Deadline, PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { type CreateMd5, md5Of, toBase64 } from '../driver/digests.ts'
import { statusOf, untrue } from '../driver/failure.ts'
import { type ListingPage, readPages } from '../driver/listing.ts'
import { checkInfo, checkRange, withoutLength } from '../driver/object-info.ts'
import { PartUpload, partSizeOf, wholeUpload } from '../driver/part-upload.ts'
import { readSecret, type SecretReader } from '../driver/secret.ts'
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
import { GcsBucket, unlessAbsent } from './gcs-bucket.ts'
import { anonymous, defaultCredentials, givenCredentials } from './gcs-credential.ts'
import type { GcsKey } from './gcs-key.ts'
import { multipart } from './gcs-multipart.ts'
import { GcsSession } from './gcs-session.ts'

export interface GcsStoreOptions extends SecretReader {
  readonly runtime: Runtime
  /** At one request. */
  readonly attempts: number
  /** For what the service checks; absent where there is none. */
  readonly createMd5?: CreateMd5
}

const FIELDS = 'name,size,contentType,updated'

/**
 * Opens a bucket of Google Cloud Storage with the credential that the config names, or the Application Default
 * Credentials; without one, at an `http:` endpoint, which is an emulator, with none, since a token must not travel in the
 * clear unasked. Rejects with `CONFIG_INVALID` for a credential that cannot be used.
 */
export async function openGcsStore(
  fill: Extract<FillConfig, { kind: 'gcs' }>,
  options: GcsStoreOptions,
): Promise<ObjectStore> {
  const { runtime, attempts, createMd5 } = options
  const { bucket: name, prefix, credentials } = fill
  const endpoint = (fill.endpoint ?? 'https://storage.googleapis.com').replace(/\/$/, '')
  const location = `gs://${name}${prefix && `/${prefix}`}${fill.endpoint ? ` at ${endpoint}` : ''}`
  const refused = (advice: string) => () =>
    new PortolanError('STORE_REFUSED', `no credentials for ${location}: ${advice}`, { location })
  const key = credentials && (await readGivenKey(credentials.key, options))
  const authorize =
    key !== undefined
      ? givenCredentials(runtime.fetch, refused(GIVEN), key)
      : endpoint.startsWith('http:')
        ? anonymous
        : defaultCredentials(runtime.fetch, refused(DEFAULT))
  const bucket = new GcsBucket({ location, endpoint, name, prefix, authorize, runtime, attempts })
  return new GcsStore(bucket, createMd5)
}

async function readGivenKey(source: SecretSource, reader: SecretReader): Promise<GcsKey> {
  const { readKey } = await import('./gcs-key.ts')
  return readKey(await readSecret(source, reader))
}

const GIVEN = 'no token is given for the key that fill.gcs.credentials names; make a new one'
const DEFAULT =
  'set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run gcloud auth application-default login, or name one in fill.gcs.credentials'

class GcsStore implements ObjectStore {
  readonly location: string
  readonly keepsConditions = false
  readonly #bucket: GcsBucket
  readonly #createMd5: CreateMd5 | undefined
  #isBucketThere = false

  constructor(bucket: GcsBucket, createMd5: CreateMd5 | undefined) {
    this.location = bucket.location
    this.#bucket = bucket
    this.#createMd5 = createMd5
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.#unlessAbsent(
      this.#bucket.json({
        action: 'look up',
        key,
        url: `${this.#bucket.objectUrl(key)}?fields=${FIELDS}`,
        milliseconds: SMALL_REQUEST_TIME,
      }),
    )
    return found && this.#infoOf(key, found)
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    if (range !== undefined && range.start >= range.end) return (await this.stat(key)) && emptyBody()
    const deadline = new Deadline(this.#bucket.runtime)
    try {
      const answer = await this.#unlessAbsent(
        this.#bucket.send({
          action: 'read',
          key,
          url: `${this.#bucket.objectUrl(key)}?alt=media`,
          milliseconds: SMALL_REQUEST_TIME,
          deadline,
          // A compressed answer would have another length.
          headers: {
            'Accept-Encoding': 'identity',
            ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
          },
        }),
      )
      if (answer === undefined) return undefined
      const { headers, body } = answer
      const contentLength = Number(headers.get('content-length') ?? Number.NaN)
      const length = range
        ? checkRange(this.location, key, range, headers.get('content-range'), contentLength)
        : contentLength
      if (Number.isNaN(length)) throw withoutLength(this.location, key, headers.get('content-type'))
      if (body === null) return emptyBody()
      return bodyStream(body as AsyncIterable<Uint8Array>, { location: this.location, key, length, deadline })
    } catch (error) {
      deadline.end()
      // The range begins behind the end.
      if (statusOf(error) === 416) return emptyBody()
      throw error
    }
  }

  put(key: string, bytes: Uint8Array, headers: ObjectHeaders): Promise<boolean> {
    return this.#putWhole(key, bytes, headers)
  }

  async read(key: string, limit: number): Promise<VersionedObject | undefined> {
    const { location } = this
    const url = this.#bucket.objectUrl(key)
    const request = { action: 'read', key, milliseconds: SMALL_REQUEST_TIME } as const
    const found = await this.#unlessAbsent(this.#bucket.json({ ...request, url: `${url}?fields=generation` }))
    if (found === undefined) return undefined
    const generation =
      typeof found.generation === 'string' && /^\d+$/.test(found.generation) ? found.generation : ''
    const headers = { 'Accept-Encoding': 'identity' }
    // Of this generation: the one after it would not be what the version stands for.
    const media = `${url}?alt=media${generation && `&generation=${generation}`}`
    const answer = await this.#unlessAbsent(this.#bucket.send({ ...request, url: media, headers }))
    if (answer === undefined) return undefined
    const bytes = await readSmall(answer.body ?? emptyBody(), { location, key, limit })
    return { bytes, version: generation }
  }

  async replace(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    version: string | undefined,
  ): Promise<boolean> {
    try {
      await this.#putWhole(key, bytes, headers, version ?? '0')
      return true
    } catch (error) {
      if (statusOf(error) === 412) return false
      throw error
    }
  }

  async upload(key: string, size: number, headers: ObjectHeaders, resume?: UploadResume): Promise<Upload> {
    const absent = (await this.stat(key)) === undefined
    const { location } = this
    // Without a limit on the number of parts.
    const partSize = partSizeOf(size, Number.POSITIVE_INFINITY)
    if (size <= partSize) {
      return wholeUpload({ location, key, size }, (bytes) =>
        absent ? this.#putIfAbsent(key, bytes, headers) : this.put(key, bytes, headers),
      )
    }
    const createMd5 = this.#createMd5
    const sink = await GcsSession.open(this.#bucket, { key, createMd5, size, headers, absent, resume })
    return new PartUpload({ location, key, size, partSize, offset: sink.position }, sink)
  }

  list(prefix: string): AsyncGenerator<ObjectInfo> {
    return readPages(this.location, prefix, (token) => this.#page(prefix, token))
  }

  async delete(key: string): Promise<void> {
    await this.#unlessAbsent(
      this.#bucket.send({
        action: 'delete',
        key,
        method: 'DELETE',
        url: this.#bucket.objectUrl(key),
        milliseconds: SMALL_REQUEST_TIME,
      }),
    )
  }

  async close(): Promise<void> {}

  /** False also when somebody else was first: theirs stays. */
  async #putIfAbsent(key: string, bytes: Uint8Array, headers: ObjectHeaders): Promise<boolean> {
    try {
      return await this.#putWhole(key, bytes, headers, '0')
    } catch (error) {
      if (statusOf(error) === 412) return false
      throw error
    }
  }

  /**
   * In one request, over the object of this generation alone if it is given. The service refuses bytes that are not of
   * the MD5 that comes with them, and answers with the one that it has computed.
   */
  async #putWhole(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    generation?: string,
  ): Promise<boolean> {
    const md5Hash = this.#createMd5 && toBase64(md5Of(bytes, this.#createMd5))
    const { body, boundary } = multipart(
      { name: this.#bucket.prefix + key, ...headers, ...(md5Hash !== undefined && { md5Hash }) },
      { contentType: headers.contentType, bytes },
      this.#bucket.runtime,
    )
    const condition = generation === undefined ? '' : `&ifGenerationMatch=${generation}`
    const answer = await this.#bucket.json({
      ...{ action: 'write', key, method: 'POST', body, milliseconds: PART_REQUEST_TIME },
      url: `${this.#bucket.uploadsUrl}?uploadType=multipart${condition}`,
      headers: { 'Content-Type': `multipart/related; boundary=${boundary}` },
    })
    return md5Hash !== undefined && answer.md5Hash === md5Hash
  }

  async #page(prefix: string, token: string | undefined, limit = 1000): Promise<ListingPage> {
    const { prefix: above, objectsUrl } = this.#bucket
    const query = new URLSearchParams({
      prefix: above + prefix,
      maxResults: String(limit),
      fields: `kind,nextPageToken,items(${FIELDS})`,
      ...(token !== undefined && { pageToken: token }),
    })
    const page = await this.#bucket.json({
      action: 'list',
      key: prefix,
      url: `${objectsUrl}?${query}`,
      milliseconds: SMALL_REQUEST_TIME,
    })
    const { kind, items = [], nextPageToken: next } = page
    // Anything that answers 200 would otherwise be an empty bucket.
    if (
      kind !== 'storage#objects' ||
      !Array.isArray(items) ||
      (next !== undefined && typeof next !== 'string')
    ) {
      throw untrue(this.location, prefix, 'its listing cannot be read')
    }
    return {
      objects: items.map((item: Record<string, unknown> | null) => {
        const name = String(item?.name)
        return this.#infoOf(name.startsWith(above) ? name.slice(above.length) : `/${name}`, item ?? {})
      }),
      ...(next && { next }),
    }
  }

  #infoOf(key: string, { size, updated, contentType }: Readonly<Record<string, unknown>>): ObjectInfo {
    return checkInfo(this.location, key, {
      // A number as text: JSON's own end at 2^53.
      size: typeof size === 'string' && /^\d+$/.test(size) ? Number(size) : undefined,
      modified: typeof updated === 'string' ? Date.parse(updated) : undefined,
      contentType: typeof contentType === 'string' ? contentType : undefined,
    })
  }

  /** A missing object and one in a missing bucket are both 404 for the same reason, so that somebody has to ask. */
  async #unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
    const found = await unlessAbsent(answer)
    if (found === undefined && !this.#isBucketThere) {
      await this.#page('', undefined, 1).catch((error) => {
        // A bucket that may not be listed is there.
        if (statusOf(error) !== 403) throw error
      })
      this.#isBucketThere = true
    }
    return found
  }
}
