import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'

/**
 * For how long a blob that broke off or was wrong is refused, in milliseconds. containerd opens it again at once, from its
 * first host on, and never leaves one that goes on answering 200; when the open fails, it goes to its next host.
 */
const REFUSED = 5000
/** For how long a backend that gave wrong bytes of a blob is asked for it last, in milliseconds. */
const AVOIDED = 5 * 60_000
const REMEMBERED_MAX = 10_000

interface FailedBlob {
  /** In the runtime's time. */
  readonly at: number
  /** Ids of backends that gave what was not the blob. */
  readonly wrongAt: ReadonlySet<string>
}

/** Blobs that somebody got a part of, and then no more. */
export class FailedBlobs {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #failed = new GenerationalCache<Digest, FailedBlob>(REMEMBERED_MAX)

  constructor(runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
  }

  /** Takes note of one that failed after it had begun; `wrongAt` are the backends whose bytes turned out to be wrong. */
  note(digest: Digest, wrongAt: Iterable<string>): void {
    const before = this.#failed.get(digest)?.wrongAt ?? []
    this.#failed.set(digest, { at: this.#runtime.now(), wrongAt: new Set([...before, ...wrongAt]) })
  }

  isRefused(digest: Digest): boolean {
    const failed = this.#failed.get(digest)
    return failed !== undefined && this.#runtime.now() - failed.at < REFUSED
  }

  /** Ids of backends that are to be asked last. */
  avoided(digest: Digest): ReadonlySet<string> {
    const failed = this.#failed.get(digest)
    return failed === undefined || this.#runtime.now() - failed.at >= AVOIDED ? NONE : failed.wrongAt
  }
}

const NONE: ReadonlySet<string> = new Set()
