import type { SuccessorConfig } from './legacy-config.ts'
import { readBackendUrl } from './web-url.ts'

const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/

/** Reads the host or the origin of a registry; `undefined` for anything else. */
export function readSuccessor(text: string): SuccessorConfig | undefined {
  const isUrl = /^https?:\/\//i.test(text)
  const read = readBackendUrl(isUrl ? text : `https://${text}`)
  if (typeof read !== 'string') return undefined
  const { host, origin } = new URL(read)
  return read === origin && HOST.test(host) ? { host, url: origin } : undefined
}
