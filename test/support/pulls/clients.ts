import type { Address } from '../../../src/net/address.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { pull, TOOLS, type Tool } from './pull.ts'
import type { Image, PullWorld } from './world.ts'

/** After so many failed tries, a simulated client gives up. */
const MAX_TRIES = 12

/** One that tries until it succeeds. */
export interface Retrier {
  readonly address: Address | (() => Address)
  readonly image: Image
  readonly tool?: Tool
  /** Milliseconds until it begins. */
  readonly start?: number
  /** Whether what the stores deliver comes to nothing at the client's own disk or proxy. */
  readonly broken?: boolean
  readonly heads?: boolean
}

/** A node: kubelet tries again after 10, 20, 40 … 300 s, and looks whether it may every 10 to 15 s. */
export function node(world: PullWorld, retrier: Retrier): void {
  let pause = 10_000
  retry(world, { tool: TOOLS.containerd, ...retrier }, (again) => {
    const failedAt = world.now()
    const look = (): void =>
      world.after(10_000 + 5000 * world.random(), () => {
        if (world.now() - failedAt < pause) return look()
        pause = Math.min(2 * pause, 300_000)
        again()
      })
    look()
  })
}

/** A person or a script that runs a tool again so many milliseconds after it failed. */
export function runs(world: PullWorld, retrier: Retrier, pause: number): void {
  retry(world, { tool: TOOLS.skopeo, ...retrier }, (again) =>
    world.after(pause * (0.8 + 0.4 * world.random()), again),
  )
}

function retry(
  world: PullWorld,
  { address, image, tool = TOOLS.containerd, start = 0, broken = false, heads = false }: Retrier,
  wait: (again: () => void) => void,
): void {
  const held = new Set<Digest>()
  const spoilt = new Set<Digest>()
  const victim = world.victims.push(undefined) - 1
  let tries = 0
  const from = typeof address === 'function' ? address : () => address
  const again = (): void =>
    pull(world, {
      ...{ tool, image, held, spoilt, heads },
      address: from,
      done(succeeded, most) {
        tries += most
        if (succeeded && !broken) world.victims[victim] = tries
        else if (tries < MAX_TRIES) {
          if (broken) held.clear()
          wait(again)
        }
      },
    })
  world.after(start, again)
}

/** Nodes behind one address that begin within a time, in milliseconds, evenly or by chance. */
export function nodes(world: PullWorld, count: number, retrier: Retrier, within: number): void {
  for (let n = 0; n < count; n++) {
    node(world, { ...retrier, start: (retrier.start ?? 0) + within * world.random() })
  }
}

/** Does something every so many milliseconds, give or take a tenth. */
export function every(world: PullWorld, interval: number, work: () => void): void {
  const step = (): void =>
    world.after(interval * (0.9 + 0.2 * world.random()), () => {
      work()
      step()
    })
  step()
}

/** One pull that is not tried again, with nothing held. */
export function once(world: PullWorld, retrier: Retrier): void {
  const { address, image, tool = TOOLS.containerd, heads = false } = retrier
  const from = typeof address === 'function' ? address : () => address
  pull(world, { ...{ tool, image, heads }, held: new Set(), spoilt: new Set(), address: from, done() {} })
}
