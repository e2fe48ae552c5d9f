/** A package of which something is bundled. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** As its package.json states it, an SPDX expression. */
  readonly licence: string | undefined
  /** Its licence file, and its NOTICE if it has one; empty when it comes with neither. */
  readonly text: string
  /** Of its tarball, as package-lock.json has it: `sha512-` and base64. */
  readonly integrity?: string | undefined
}

/** Licences under which code may be passed on inside of a package under Apache-2.0, with no more than their texts. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]

/**
 * One text of the licences of all packages, equal ones together. Throws an `Error` that names every package whose licence
 * is missing, or is not one that may be passed on.
 */
export function formatLicences(packages: readonly BundledPackage[]): string {
  const faults = packages.flatMap(faultsOf)
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const byText = Map.groupBy(
    packages.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)),
    ({ text }) => text.replaceAll('\r\n', '\n').trim(),
  )
  const parts = [...byText].map(
    ([text, same]) => `${same.map((each) => `${idOf(each)} (${each.licence})`).join('\n')}\n\n${text}\n`,
  )
  const line = `\n${'-'.repeat(80)}\n\n`
  return ['Portolan contains, in whole or in part, these packages, under these licences.\n', ...parts].join(
    line,
  )
}

function faultsOf(each: BundledPackage): string[] {
  const allowed = ALLOWED.join(', ')
  if (each.licence === undefined) return [`${idOf(each)} states no licence; it has to be one of ${allowed}`]
  if (!isAllowed(each.licence))
    return [`${idOf(each)} is under ${each.licence}; it has to be one of ${allowed}`]
  return each.text.trim() === ''
    ? [`${idOf(each)} comes without the text of its licence, ${each.licence}`]
    : []
}

/** `(MIT OR GPL-3.0)` may be passed on under MIT; of `A AND B` both have to allow it. */
function isAllowed(expression: string): boolean {
  return expression
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => ALLOWED.includes(licence)))
}

function idOf({ name, version }: BundledPackage): string {
  return `${name} ${version}`
}
