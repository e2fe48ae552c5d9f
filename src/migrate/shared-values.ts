import { changeOf } from './change.ts'
import type { Edit, Finding } from './finding.ts'
import type { Found, Span } from './found.ts'
import type { RegistryMap } from './map.ts'
import { nameOf } from './name.ts'
import { withheld } from './withheld.ts'

interface Pair {
  readonly one: Found
  readonly finding: Finding
}

const NOTE = 'another reference shares a value with it that would have to change otherwise: change it by hand'

/**
 * Two changes of one value that differ are none, and neither is one of a value that another reference needs as it is.
 * What shares a value with a reference that is left for that is left too, since its change would change the other.
 */
export function withoutConflicts(
  findings: readonly Pair[],
  found: readonly Found[],
  map: RegistryMap,
): Finding[] {
  const wanted = new Map<string, string>()
  const disputed = new Set<string>()
  const want = (span: Span, text: string) => {
    const key = keyOf(span)
    const other = wanted.get(key)
    if (other === undefined) wanted.set(key, text)
    else if (other !== text) disputed.add(key)
  }
  for (const { finding } of findings) for (const edit of finding.edits) want(edit, edit.text)
  const changed = new Set(findings.map(({ one }) => one))
  // Of those that change, the parts that they leave as they are.
  for (const { one, finding } of findings) {
    const { length } = finding.edits
    if (length === 0 || length === Object.keys(one.parts).length) continue
    const own = new Set(finding.edits.map(keyOf))
    for (const { span, value } of Object.values(one.parts))
      if (!own.has(keyOf(span)) && wanted.has(keyOf(span))) want(span, value)
  }
  // Others that have a part in common with a change.
  for (const one of found) {
    if (changed.has(one)) continue
    for (const { span, value } of Object.values(one.parts)) {
      if (wanted.has(keyOf(span))) want(span, textWanted(one, span, map) ?? value)
    }
  }
  const isContested = ({ finding }: Pair) => finding.edits.some((edit) => disputed.has(keyOf(edit)))
  const left = withSharers(findings, new Set(findings.filter(isContested)))
  return findings.map((pair) => (left.has(pair) ? withheld(pair.finding, NOTE) : pair.finding))
}

/** Findings, those that change a value of one of them, and so on. */
function withSharers(findings: readonly Pair[], some: ReadonlySet<Pair>): ReadonlySet<Pair> {
  if (some.size === 0) return some
  const bySpan = new Map<string, Pair[]>()
  for (const pair of findings)
    for (const edit of pair.finding.edits) {
      const sharers = bySpan.get(keyOf(edit))
      if (sharers === undefined) bySpan.set(keyOf(edit), [pair])
      else sharers.push(pair)
    }
  const all = new Set(some)
  // What is added while it is walked through is walked through too.
  for (const { one } of all) {
    for (const { span } of Object.values(one.parts)) {
      for (const sharer of bySpan.get(keyOf(span)) ?? []) all.add(sharer)
      bySpan.delete(keyOf(span))
    }
  }
  return all
}

/** What a value would have to be for one that only uses it. */
function textWanted(found: Found, span: Span, map: RegistryMap): string | undefined {
  const name = nameOf(found)
  const judgement = name && map.judge(name)
  if (name === undefined || judgement === undefined) return undefined
  return changeOf(found, name, judgement, map).edits.find((edit: Edit) => keyOf(edit) === keyOf(span))?.text
}

function keyOf({ start, end }: Span): string {
  return `${start}-${end}`
}
