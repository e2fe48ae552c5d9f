import { changeOf } from './change.ts'
import type { Edit, Finding } from './finding.ts'
import type { Found, Span } from './found.ts'
import type { RegistryMap } from './map.ts'
import { nameOf } from './name.ts'
import { withheld } from './withheld.ts'

const NOTE = 'another reference shares a value with it that would have to change otherwise: change it by hand'

/** Two changes of one value that differ are none, and neither is one of a value that another reference needs as it is. */
export function withoutConflicts(
  findings: readonly { readonly one: Found; readonly finding: Finding }[],
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
  // Others that have a part in common with a change.
  for (const one of found) {
    if (changed.has(one)) continue
    for (const { span, value } of Object.values(one.parts)) {
      if (wanted.has(keyOf(span))) want(span, textWanted(one, span, map) ?? value)
    }
  }
  return findings.map(({ finding }) =>
    finding.edits.some((edit) => disputed.has(keyOf(edit))) ? withheld(finding, NOTE) : finding,
  )
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
