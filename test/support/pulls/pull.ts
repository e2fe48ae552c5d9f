import type { Address } from '../../../src/net/address.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { BLOB_BYTES, type Image, type PullWorld } from './world.ts'

/** How a tool pulls. */
export interface Tool {
  /** Blobs asked for at a time. */
  readonly parallel: number
  /** Keeps the blobs that arrived when another fails, as containerd does. */
  readonly keeps: boolean
  /**
   * After so many milliseconds it drops what a pull that failed left. Until then it keeps wrong bytes, too, and fails with
   * them without asking, as containerd does until its garbage collection. Without it, wrong bytes are dropped at once.
   */
  readonly collects?: number
  /** Asks for the blobs in another order each time. */
  readonly shuffles: boolean
  /** Goes on where a blob was cut, at most so often in a row without progress; 0 for tools that do not. */
  readonly resumes: number
  /** Seconds before each further try for a blob within one pull. */
  readonly retries: readonly number[]
}

const plain: Tool = { parallel: 6, keeps: false, shuffles: false, resumes: 0, retries: [] }

const containerd: Tool = { parallel: 3, keeps: true, shuffles: true, resumes: 5, retries: [] }

/** Tools as `docs/operations.md` describes them. */
export const TOOLS = {
  containerd,
  collector: { ...containerd, collects: 15_000 },
  skopeo: plain,
  crane: { ...plain, parallel: 4 },
  oras: { ...plain, parallel: 3 },
  regctl: { ...plain, parallel: 3, resumes: 3 },
  docker: { parallel: 3, keeps: true, shuffles: false, resumes: 3, retries: [5, 10, 15, 20] },
} as const satisfies Record<string, Tool>

export interface Puller {
  readonly tool: Tool
  readonly address: () => Address
  readonly image: Image
  /** Blobs that it need not ask for. */
  readonly held: Set<Digest>
  /** Those that it holds wrong bytes of, and does not ask for either. */
  readonly spoilt: Set<Digest>
  /** Asks `HEAD` for each blob before it asks `GET`. */
  readonly heads?: boolean
  /** Called with the most requests that were made for one blob. */
  readonly done: (succeeded: boolean, tries: number) => void
}

/** Pulls an image once: its manifests, then its blobs; the first failure ends it. */
export function pull(world: PullWorld, puller: Puller): void {
  const { tool, image, held, spoilt } = puller
  const missing = image.blobs.filter((blob) => !held.has(blob))
  const left = tool.shuffles ? shuffled(missing, world.random) : missing
  let running = 0
  let failed = false
  let tries = 1
  world.manifest(puller.address(), image.name, 'v1')
  // By its digest, unless it is held.
  if (held.size === 0 && spoilt.size === 0) world.manifest(puller.address(), image.name, 'sha256:…')

  function fill(): void {
    while (!failed && running < tool.parallel && left.length > 0) {
      running++
      fetchBlob(world, puller, left.shift()!, ended)
    }
    if (!failed && running === 0 && left.length === 0) {
      if (!tool.keeps) held.clear()
      puller.done(true, tries)
    }
  }
  function ended(succeeded: boolean, count: number): void {
    running--
    tries = Math.max(tries, count)
    if (failed) return
    failed = !succeeded
    if (failed) {
      if (!tool.keeps) held.clear()
      if (tool.collects !== undefined) {
        world.after(tool.collects, () => {
          held.clear()
          spoilt.clear()
        })
      }
      puller.done(false, tries)
    } else fill()
  }
  world.after(60 + 60 * world.random(), fill)
}

function fetchBlob(
  world: PullWorld,
  { tool, address, image, held, spoilt, heads }: Puller,
  digest: Digest,
  done: (succeeded: boolean, tries: number) => void,
): void {
  if (spoilt.has(digest)) {
    world.after(10, () => done(false, 1))
    return
  }
  let tries = 0
  let stuck = 0
  function ask(start: number): void {
    if (start === 0) tries++
    const request = { address: address(), repository: image.name, digest, start, open: true }
    if (heads) world.blob(request)
    const { reached, after, isWrong } = world.blob(request)
    world.after(after, () => {
      if (isWrong === true) {
        if (tool.collects !== undefined) spoilt.add(digest)
        return done(false, tries)
      }
      if (reached >= BLOB_BYTES) {
        held.add(digest)
        return done(true, tries)
      }
      stuck = reached > start ? 0 : stuck + 1
      if (reached > 0 && stuck < tool.resumes) return world.after(100 + 1000 * stuck, () => ask(reached))
      const pause = tool.retries[tries - 1]
      if (pause === undefined) return done(false, tries)
      world.after(1000 * pause, () => ask(reached))
    })
  }
  ask(0)
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
