import { PART_REQUEST_TIME, SMALL_REQUEST_TIME } from '../driver/deadline.ts'
import { toBase64 } from '../driver/digests.ts'
import { serviceReasonOf, statusOf } from '../driver/failure.ts'
import type { PartSink } from '../driver/part-upload.ts'
import type { ObjectHeaders, UploadResume } from '../object-store.ts'
import type { AzureContainer } from './azure-container.ts'

export interface AzureBlocksFacts {
  readonly key: string
  readonly headers: ObjectHeaders
  readonly partSize: number
  /** Whether there was nothing under the key when the upload began. */
  readonly absent: boolean
  readonly resume?: UploadResume | undefined
  /** Whether there is a blob of the right size now. */
  readonly isThere: () => Promise<boolean>
}

const UPLOAD_NAME = /^[a-z0-9]{12}$/

/**
 * The blocks of a blob, invisible until their list is committed. Azure has no way to remove them before that: what is
 * given up, it drops after a week.
 */
export class AzureBlocks implements PartSink {
  readonly #container: AzureContainer
  readonly #facts: AzureBlocksFacts
  /** In the names of the blocks, since everybody who writes to this key shares them. */
  readonly #upload: string
  #count: number
  /** Whether the service has confirmed all blocks; of those of an earlier process nobody knows. */
  #confirmed: boolean

  private constructor(container: AzureContainer, facts: AzureBlocksFacts, upload: string, count: number) {
    this.#container = container
    this.#facts = facts
    this.#upload = upload
    this.#count = count
    this.#confirmed = count === 0
  }

  /** Goes on with an earlier upload as far as its blocks are still there, or begins anew. */
  static async open(container: AzureContainer, facts: AzureBlocksFacts): Promise<AzureBlocks> {
    const earlier = facts.resume?.state
    if (earlier !== undefined && UPLOAD_NAME.test(earlier)) {
      const count = await blocksLeft(container, facts, earlier)
      if (count > 0) return new AzureBlocks(container, facts, earlier, count)
    }
    const upload = Math.floor(container.runtime.random() * 36 ** 10).toString(36)
    return new AzureBlocks(container, facts, upload.padStart(12, '0'), 0)
  }

  /** How many parts need not be sent again. */
  get parts(): number {
    return this.#count
  }

  async part(bytes: Uint8Array): Promise<void> {
    await this.#stage(bytes)
    this.#count++
    await this.#facts.resume?.save(this.#upload)
  }

  async finish(bytes: Uint8Array): Promise<boolean> {
    const { key, headers, absent, isThere } = this.#facts
    await this.#stage(bytes)
    const blocks = Array.from({ length: this.#count + 1 }, (_, at) => blockName(this.#upload, at))
    const commit = async (condition: { conditions?: { ifNoneMatch: '*' } }) => {
      await this.#container.send({ action: 'write', key, milliseconds: PART_REQUEST_TIME }, (options) =>
        this.#container
          .blob(key)
          .commitBlockList(blocks, { ...options, ...condition, blobHTTPHeaders: sdkHeaders(headers) }),
      )
      return this.#confirmed
    }
    try {
      return await (absent ? this.#container.writeIfAbsent(commit) : commit({}))
    } catch (error) {
      // Whoever commits first drops the blocks of all others, and so does a commit whose answer got lost.
      if (serviceReasonOf(error) !== 'InvalidBlockList' || !(await isThere())) throw error
      return false
    }
  }

  async discard(): Promise<void> {}

  async #stage(bytes: Uint8Array): Promise<void> {
    const { key } = this.#facts
    const checksum = this.#container.checksum(bytes)
    const name = blockName(this.#upload, this.#count)
    const { contentMD5 } = await this.#container.send(
      { action: 'write', key, milliseconds: PART_REQUEST_TIME },
      (options) =>
        this.#container.blob(key).stageBlock(name, bytes, bytes.length, { ...options, ...checksum }),
    )
    this.#confirmed &&= isConfirmed(checksum.transactionalContentMD5, contentMD5)
  }
}

/** Whether the service's answer names the checksum that it was sent. */
export function isConfirmed(sent: Uint8Array | undefined, answered: Uint8Array | undefined): boolean {
  return sent !== undefined && answered !== undefined && toBase64(sent) === toBase64(answered)
}

/** How a blob is served, in the SDK's words. */
export function sdkHeaders({ contentType, cacheControl }: ObjectHeaders) {
  return {
    blobContentType: contentType,
    ...(cacheControl !== undefined && { blobCacheControl: cacheControl }),
  }
}

/** All names of one blob's blocks have to be of one length. */
function blockName(upload: string, at: number): string {
  return btoa(`${upload}-${String(at).padStart(5, '0')}`)
}

async function blocksLeft(
  container: AzureContainer,
  { key, partSize }: AzureBlocksFacts,
  upload: string,
): Promise<number> {
  try {
    const { uncommittedBlocks = [] } = await container.send(
      { action: 'write', key, milliseconds: SMALL_REQUEST_TIME },
      (options) => container.blob(key).getBlockList('uncommitted', options),
    )
    const left = new Map(uncommittedBlocks.map(({ name, size }) => [name, size]))
    let count = 0
    while (left.get(blockName(upload, count)) === partSize) count++
    return count
  } catch (error) {
    if (statusOf(error) === 404) return 0
    throw error
  }
}
