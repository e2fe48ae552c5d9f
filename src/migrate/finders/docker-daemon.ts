import type { Finder, Found } from '../found.ts'
import { readRegistryUrl } from './written-reference.ts'

const LIST = /"(registry-mirrors|insecure-registries)"\s*:\s*\[([^\]]*)\]/g
const STRING = /"([^"\\\n]*)"/g

/** Finds registries in Docker's `daemon.json`: mirrors, and registries that need no TLS. */
export const findInDockerDaemon: Finder = ({ text }) => {
  const found: Found[] = []
  for (const match of text.matchAll(LIST)) {
    const [whole, key, list] = match as unknown as [string, string, string]
    const at = match.index + whole.length - 1 - list.length
    for (const { index, 1: value } of list.matchAll(STRING)) {
      const start = at + index + 1
      const parts = readRegistryUrl(text, { start, end: start + value!.length })
      if (parts !== undefined)
        found.push({ format: 'docker-daemon', parts, owner: key!, confidence: 'certain' })
    }
  }
  return found
}
