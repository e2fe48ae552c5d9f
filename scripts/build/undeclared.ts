import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'
import { packageFolder } from './packages.ts'

/** What a package.json says of what else it needs. */
export interface Declared {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/**
 * Leaves out of a bundle what a package tries to load without depending on it, such as what colours its output: whether
 * that is there decides what else is installed, and the same commit has to give the same bundle. The package then finds
 * it missing, as it does where it is installed alone.
 */
export function leaveOutUndeclared(): Plugin {
  const known = new Map<string, Declared>()
  return {
    name: 'leave-out-undeclared',
    resolveId(source, importer) {
      const folder = importer === undefined ? undefined : packageFolder(importer)
      if (folder === undefined) return null
      let declared = known.get(folder)
      if (declared === undefined) {
        declared = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Declared
        known.set(folder, declared)
      }
      return isUndeclared(source, declared) ? { id: source, external: true } : null
    },
  }
}

/** Whether a package names another one that it does not depend on, or may do without. */
export function isUndeclared(source: string, declared: Declared): boolean {
  const name = /^(?:@[^/]+\/)?[^/.#@][^/]*/.exec(source)?.[0]
  if (name === undefined || /^[/\\\0]|^\w+:/.test(source) || isBuiltin(source) || name === declared.name)
    return false
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = declared
  if (name in { ...dependencies, ...optionalDependencies }) return false
  return !(name in { ...peerDependencies }) || peerDependenciesMeta?.[name]?.optional === true
}
