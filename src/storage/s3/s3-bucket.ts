import type { S3Client } from '@aws-sdk/client-s3'
import type { Runtime } from '../../runtime.ts'
import { Deadline } from '../driver/deadline.ts'
import { type Action, statusOf, storeError } from '../driver/failure.ts'
import { takeApart } from './s3-failure.ts'

export interface S3BucketFacts {
  readonly location: string
  readonly name: string
  /** Before every key, without a slash at its end. */
  readonly prefix: string
  readonly client: S3Client
  /** What to do about credentials that are refused. */
  readonly credentials: string
  readonly runtime: Runtime
}

export interface S3Request {
  readonly action: Action
  readonly key: string
  readonly milliseconds: number
  /** For a request whose answer has a body that is read later. */
  readonly deadline?: Deadline
}

/** One bucket, as all parts of the driver speak to it. */
export class S3Bucket {
  readonly location: string
  readonly #facts: S3BucketFacts
  readonly #prefix: string
  #knowsConditions = true

  constructor(facts: S3BucketFacts) {
    this.location = facts.location
    this.#facts = facts
    this.#prefix = facts.prefix === '' ? '' : `${facts.prefix}/`
  }

  get name(): string {
    return this.#facts.name
  }

  get runtime(): Runtime {
    return this.#facts.runtime
  }

  /** What addresses an object in a request. */
  at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#facts.name, Key: this.#prefix + key }
  }

  /** What asks for a listing. */
  below(prefix: string): { readonly Bucket: string; readonly Prefix: string } {
    return { Bucket: this.#facts.name, Prefix: this.#prefix + prefix }
  }

  /** The key of a listed object; one that is not below our prefix cannot be a key of ours. */
  keyOf(listed: string): string {
    return listed.startsWith(this.#prefix) ? listed.slice(this.#prefix.length) : `/${listed}`
  }

  /** Rejects with a PortolanError. */
  async send<T>(
    { action, key, milliseconds, deadline = new Deadline(this.runtime) }: S3Request,
    send: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await deadline.bound(milliseconds, (abortSignal) => send(this.#facts.client, { abortSignal }))
    } catch (error) {
      throw storeError(this.location, action, key, error, takeApart(error, action, this.#facts.credentials))
    }
  }

  /**
   * Writes on the condition that there is no such object, and without it where the store does not know conditions
   * (501) or somebody else is at the same key (409); gives the answer. `undefined` when somebody else was first: theirs
   * stays.
   */
  async writeIfAbsent<T>(write: (condition: { IfNoneMatch?: '*' }) => Promise<T>): Promise<T | undefined> {
    if (this.#knowsConditions) {
      try {
        return await write({ IfNoneMatch: '*' })
      } catch (error) {
        const status = statusOf(error)
        if (status === 412) return undefined
        if (status === 501) this.#knowsConditions = false
        else if (status !== 409) throw error
      }
    }
    return write({})
  }

  close(): void {
    this.#facts.client.destroy()
  }
}
