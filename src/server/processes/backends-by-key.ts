import type { LiveBackend } from '../../backends/live-backend.ts'
import type { SharedParts } from '../compose.ts'

/** Finds a backend by the key that processes name it by; one whose config is another now is not found. */
export function backendsByKey({
  inForce,
}: Pick<SharedParts, 'inForce'>): (key: string) => LiveBackend | undefined {
  let backends: ReadonlyMap<string, LiveBackend> = new Map()
  const take = () => {
    backends = new Map(inForce.policy.backends.all.map((live) => [live.key, live]))
  }
  take()
  inForce.changes.add(take)
  return (key) => backends.get(key)
}
