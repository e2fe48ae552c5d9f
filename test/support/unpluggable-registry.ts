import type { Listener } from '../../src/adapters/listener.ts'
import { listen } from '../../src/adapters/node/listen.ts'
import { createUpstream } from '../../src/demo/upstream.ts'
import type { DoorRequest } from '../../src/server/request.ts'
import { openImageLayout } from '../../src/storage/fs/image-layout.ts'
import { findFreePort } from './ports.ts'

/** A registry of an image layout, which can be unplugged and plugged in again where it was. */
export interface UnpluggableRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** What it was asked: a method and a target. */
  readonly asked: readonly string[]
  unplug(): Promise<void>
  plugIn(): Promise<void>
}

export async function startUnpluggableRegistry(layout: string): Promise<UnpluggableRegistry> {
  const content = await openImageLayout(layout, {
    runtime: { now: () => performance.now() },
    report: (problem) => console.error(problem),
  })
  const upstream = createUpstream(content)
  const asked: string[] = []
  const door = (request: DoorRequest) => {
    asked.push(`${request.method} ${request.target}`)
    return upstream(request)
  }
  const port = await findFreePort()
  let listener: Listener | undefined
  const unplug = async () => {
    await listener?.drain(0)
    listener = undefined
  }
  const plugIn = async () => {
    listener ??= await listen(door, { host: '127.0.0.1', port, onError: console.error })
  }
  await plugIn()
  return { origin: `http://127.0.0.1:${port}`, asked, unplug, plugIn, [Symbol.asyncDispose]: unplug }
}
