import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import type { Runtime } from '../../runtime.ts'
import { Deadline } from '../driver/deadline.ts'
import { type CreateMd5, md5Of } from '../driver/digests.ts'
import { type Action, serviceReasonOf, storeError } from '../driver/failure.ts'
import { takeApart } from './azure-blob-failure.ts'

export interface AzureContainerFacts {
  readonly location: string
  /** Before every key, without a slash at its end. */
  readonly prefix: string
  readonly client: ContainerClient
  /** What to do about credentials that are refused. */
  readonly credentials: string
  readonly runtime: Runtime
  /** For Content-MD5; absent where there is none. */
  readonly createMd5?: CreateMd5 | undefined
}

export interface AzureRequest {
  readonly action: Action
  readonly key: string
  readonly milliseconds: number
  /** For a request whose answer has a body that is read later. */
  readonly deadline?: Deadline
}

/** One container, as all parts of the driver speak to it. */
export class AzureContainer {
  readonly location: string
  readonly prefix: string
  readonly client: ContainerClient
  readonly runtime: Runtime
  readonly #credentials: string
  readonly #createMd5: CreateMd5 | undefined

  constructor(facts: AzureContainerFacts) {
    this.location = facts.location
    this.prefix = facts.prefix === '' ? '' : `${facts.prefix}/`
    this.client = facts.client
    this.runtime = facts.runtime
    this.#credentials = facts.credentials
    this.#createMd5 = facts.createMd5
  }

  blob(key: string): BlockBlobClient {
    return this.client.getBlockBlobClient(this.prefix + key)
  }

  /** By which the service checks what arrives; its answer has it too. */
  checksum(bytes: Uint8Array): { transactionalContentMD5?: Uint8Array } {
    return this.#createMd5 === undefined ? {} : { transactionalContentMD5: md5Of(bytes, this.#createMd5) }
  }

  /** Rejects with a PortolanError. */
  async send<T>(
    { action, key, milliseconds, deadline = new Deadline(this.runtime) }: AzureRequest,
    send: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await deadline.bound(milliseconds, (abortSignal) => send({ abortSignal }))
    } catch (error) {
      throw storeError(this.location, action, key, error, takeApart(error, action, this.#credentials))
    }
  }

  /**
   * Writes on the condition that there is no such blob, and gives what that gives; false when what somebody else has
   * written meanwhile stays.
   */
  async writeIfAbsent(
    write: (condition: { conditions?: { ifNoneMatch: '*' } }) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      return await write({ conditions: { ifNoneMatch: '*' } })
    } catch (error) {
      if (!['BlobAlreadyExists', 'ConditionNotMet'].includes(serviceReasonOf(error) ?? '')) throw error
      return false
    }
  }
}
