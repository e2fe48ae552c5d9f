import {
  ContainerClient,
  type ContainerListBlobFlatSegmentResponse,
  newPipeline,
  type RequestPolicyFactory,
} from '@azure/storage-blob'
import type { FillConfig } from '../../config/config.ts'
import type { Runtime } from '../../runtime.ts'
import { bodyStream, emptyBody } from '../driver/body.ts'
import { Deadline, PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import type { CreateMd5 } from '../driver/digests.ts'
import { serviceReasonOf, statusOf, untrue } from '../driver/failure.ts'
import { type ListingPage, readPages } from '../driver/listing.ts'
import { checkInfo, checkRange, withoutLength } from '../driver/object-info.ts'
import { refusePage } from '../driver/page-answer.ts'
import { PartUpload, partSizeOf, wholeUpload } from '../driver/part-upload.ts'
import type { SecretReader } from '../driver/secret.ts'
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
import { credentialsAdvice } from './azure-blob-failure.ts'
import { AzureBlocks, isConfirmed, sdkHeaders } from './azure-blocks.ts'
import { AzureContainer } from './azure-container.ts'
import { findAccess, openAccess } from './azure-credential.ts'
import { toProxyOptions } from './azure-proxy.ts'

export interface AzureBlobStoreOptions extends SecretReader {
  readonly runtime: Runtime
  /** At one request. */
  readonly attempts: number
  readonly proxyFor?: (url: string) => string | undefined
  readonly createMd5?: CreateMd5 | undefined
}

/** Of blocks in one blob. */
const MAX_PARTS = 50_000

/**
 * Opens a container of Azure Blob Storage with the credentials that the config names, or with what the environment holds
 * for its account. Rejects with `CONFIG_INVALID` for credentials that cannot be used.
 */
export async function openAzureBlobStore(
  fill: Extract<FillConfig, { kind: 'azureBlob' }>,
  options: AzureBlobStoreOptions,
): Promise<ObjectStore> {
  const { environment, runtime, attempts, createMd5, proxyFor } = options
  const { container, prefix, credentials } = fill
  const endpoint = (fill.endpoint ?? `https://${fill.account}.blob.core.windows.net`).replace(/\/$/, '')
  const account = fill.account ?? accountOf(endpoint)
  const { credential, query } = credentials
    ? await openAccess(credentials, { ...options, account, endpoint })
    : findAccess(account, environment)
  const proxy = proxyFor?.(endpoint)
  const pipeline = newPipeline(credential, {
    ...(proxy !== undefined && { proxyOptions: toProxyOptions(proxy) }),
    retryOptions: { maxTries: attempts, retryDelayInMs: 300, maxRetryDelayInMs: 10_000 },
  })
  pipeline.factories.push(LOOK_FOR_PAGE)
  const client = new ContainerClient(`${endpoint}/${container}${query}`, pipeline)
  const location = `${endpoint}/${container}${prefix && `/${prefix}`}`
  const advice = credentialsAdvice(fill)
  return new AzureBlobStore(
    new AzureContainer({ location, prefix, client, credentials: advice, runtime, createMd5 }),
  )
}

/** The library makes of a page whatever it can. */
const LOOK_FOR_PAGE: RequestPolicyFactory = {
  create: (next) => ({
    async sendRequest(request) {
      const response = await next.sendRequest(request)
      const { status, headers } = response
      const isList = new URL(request.url).searchParams.has('comp')
      const isObject = request.method === 'HEAD' || (request.method === 'GET' && !isList)
      const [contentType, contentLength] = [headers.get('content-type'), headers.get('content-length')]
      refusePage({ status, contentType, contentLength, isObject })
      return response
    },
  }),
}

/** An emulator has the account in the path, Azure in the host's first label. */
function accountOf(endpoint: string): string {
  const { hostname, pathname } = new URL(endpoint)
  return pathname.split('/')[1] || hostname.split('.')[0]!
}

class AzureBlobStore implements ObjectStore {
  readonly location: string
  readonly keepsConditions = false
  readonly #container: AzureContainer

  constructor(container: AzureContainer) {
    this.location = container.location
    this.#container = container
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    const found = await unlessAbsent(
      this.#container.send({ action: 'look up', key, milliseconds: SMALL_REQUEST_TIME }, (options) =>
        this.#container.blob(key).getProperties(options),
      ),
    )
    if (found === undefined) return undefined
    const { contentLength: size, lastModified, contentType } = found
    return checkInfo(this.location, key, { size, modified: lastModified?.getTime(), contentType })
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    if (range !== undefined && range.start >= range.end) return (await this.stat(key)) && emptyBody()
    const deadline = new Deadline(this.#container.runtime)
    try {
      const answer = await unlessAbsent(
        this.#container.send({ action: 'read', key, milliseconds: SMALL_REQUEST_TIME, deadline }, (options) =>
          this.#container.blob(key).download(range?.start ?? 0, range && range.end - range.start, options),
        ),
      )
      if (answer === undefined) return undefined
      const { readableStreamBody, contentLength, contentRange, contentType } = answer
      const length = range
        ? checkRange(this.location, key, range, contentRange, contentLength)
        : contentLength
      if (length === undefined) throw withoutLength(this.location, key, contentType)
      if (readableStreamBody === undefined) throw untrue(this.location, key, 'it sends no body')
      const body = readableStreamBody as unknown as AsyncIterable<Uint8Array>
      return bodyStream(body, { location: this.location, key, length, deadline })
    } catch (error) {
      deadline.end()
      // The range begins behind the end.
      if (statusOf(error) === 416) return emptyBody()
      throw error
    }
  }

  put(key: string, bytes: Uint8Array, headers: ObjectHeaders): Promise<boolean> {
    return this.#put(key, bytes, headers, {})
  }

  async read(key: string, limit: number): Promise<VersionedObject | undefined> {
    const { location } = this
    const request = { action: 'read', key, milliseconds: SMALL_REQUEST_TIME } as const
    return unlessAbsent(
      this.#container.send(request, async (options) => {
        const { readableStreamBody, etag } = await this.#container.blob(key).download(0, undefined, options)
        if (readableStreamBody === undefined) throw untrue(location, key, 'it sends no body')
        const body = readableStreamBody as unknown as AsyncIterable<Uint8Array>
        return { bytes: await readSmall(body, { location, key, limit }), version: etag ?? '' }
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
      const conditions = version === undefined ? { ifNoneMatch: '*' } : { ifMatch: version }
      await this.#put(key, bytes, headers, { conditions })
      return true
    } catch (error) {
      const status = statusOf(error)
      if (status === 412 || serviceReasonOf(error) === 'BlobAlreadyExists') return false
      if (serviceReasonOf(error) === 'BlobNotFound') return false
      throw error
    }
  }

  async upload(key: string, size: number, headers: ObjectHeaders, resume?: UploadResume): Promise<Upload> {
    const absent = (await this.stat(key)) === undefined
    const partSize = partSizeOf(size, MAX_PARTS)
    if (size <= partSize) {
      return wholeUpload({ location: this.location, key, size }, async (bytes) => {
        if (!absent) return this.put(key, bytes, headers)
        return this.#container.writeIfAbsent((condition) => this.#put(key, bytes, headers, condition))
      })
    }
    const isThere = async () => (await this.stat(key))?.size === size
    const sink = await AzureBlocks.open(this.#container, { key, headers, partSize, absent, resume, isThere })
    return new PartUpload(
      { location: this.location, key, size, partSize, offset: sink.parts * partSize },
      sink,
    )
  }

  list(prefix: string): AsyncGenerator<ObjectInfo> {
    return readPages(this.location, prefix, (token) => this.#page(prefix, token))
  }

  async delete(key: string): Promise<void> {
    await unlessAbsent(
      this.#container.send({ action: 'delete', key, milliseconds: SMALL_REQUEST_TIME }, (options) =>
        this.#container.blob(key).delete({ ...options, deleteSnapshots: 'include' }),
      ),
    )
  }

  async close(): Promise<void> {}

  async #put(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    condition: { conditions?: { ifNoneMatch?: string; ifMatch?: string } },
  ): Promise<boolean> {
    const checksum = this.#container.checksum(bytes)
    const { contentMD5 } = await this.#container.send(
      { action: 'write', key, milliseconds: PART_REQUEST_TIME },
      (options) =>
        this.#container.blob(key).upload(bytes, bytes.length, {
          ...options,
          ...condition,
          ...checksum,
          blobHTTPHeaders: sdkHeaders(headers),
        }),
    )
    return isConfirmed(checksum.transactionalContentMD5, contentMD5)
  }

  async #page(prefix: string, continuationToken: string | undefined): Promise<ListingPage> {
    const { prefix: above, client } = this.#container
    const page = await this.#container.send(
      { action: 'list', key: prefix, milliseconds: SMALL_REQUEST_TIME },
      async (options) => {
        const pages = client
          .listBlobsFlat({ ...options, prefix: above + prefix })
          .byPage({ maxPageSize: 1000, ...(continuationToken && { continuationToken }) })
        const { value } = await pages.next()
        return value as ContainerListBlobFlatSegmentResponse | undefined
      },
    )
    // Anything that answers 200 would otherwise be an empty container.
    if (page?.containerName === undefined) throw untrue(this.location, prefix, 'its listing cannot be read')
    return {
      objects: page.segment.blobItems.map(({ name, properties }) => {
        const key = name.startsWith(above) ? name.slice(above.length) : `/${name}`
        const { contentLength: size, lastModified, contentType } = properties
        return checkInfo(this.location, key, { size, modified: lastModified?.getTime(), contentType })
      }),
      ...(page.continuationToken && { next: page.continuationToken }),
    }
  }
}

/** A missing container and what the credentials do not show are 404 too, but not with this reason. */
async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (serviceReasonOf(error) === 'BlobNotFound') return undefined
    throw error
  }
}
