import { isMap } from 'yaml'
import type { Found } from '../found.ts'
import { relocate } from '../inner-text.ts'
import { innerTextOf, isStringScalar, type YamlDocument } from '../yaml/yaml-document.ts'
import { readGuard } from './guard.ts'
import { createYamlFinder } from './yaml-finder.ts'

/**
 * Finds the registries of `policy.json` (containers-policy.json(5)): what is under `transports.docker` is allowed, or
 * rejected. Nothing is pulled by it.
 */
export const findInPolicy = createYamlFinder({
  format: 'policy',
  role: () => 'none',
  collect(text: string, document: YamlDocument): Found[] {
    const transports = isMap(document.contents) ? document.get(document.contents, 'transports') : undefined
    if (!isMap(transports)) return []
    return transports.items.flatMap(({ value: scopes }) => {
      if (!isMap(scopes)) return []
      const others = scopes.items.flatMap(({ key }) => (isStringScalar(key) ? [key.value] : []))
      return scopes.items.flatMap(({ key, value }) => {
        if (!isStringScalar(key)) return []
        const isBan = text.slice(...rangeOf(value)).includes('"reject"')
        const inner = innerTextOf(text, key)
        return readGuard(inner.value, { start: 0, end: inner.value.length }).map(
          ({ parts }): Found => ({
            ...{ format: 'policy', owner: 'transports.docker', confidence: 'certain' },
            parts: relocate(parts, inner),
            guard: { kind: isBan ? 'ban' : 'allow', others },
          }),
        )
      })
    })
  },
})

function rangeOf(node: unknown): [number, number] {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range ? [range[0]!, range[1]!] : [0, 0]
}
