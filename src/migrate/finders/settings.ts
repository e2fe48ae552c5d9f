import type { Confidence, Format, Found, Span } from '../found.ts'
import { namesImage, namesRegistry } from './names.ts'
import { readReference } from './written-reference.ts'

/** A value without blanks: what is between it and a name in front of it, and the quote around it, are left out. */
const SETTING =
  /^[ \t]*(?:export[ \t]+)?(?:-[ \t]+)?(?:["']?([A-Za-z_][\w./-]*)["']?[ \t]*(?::=|\?=|=>|=|:(?=[ \t"']))[ \t]*|-[ \t]+)(["']?)([^\s"',;]+)\2[ \t]*[,;]?[ \t]*(?:[#}].*)?\r?$/gm
const JSON_IMAGE = /"(\w*image\w*)"\s*:\s*"([^"\s]+)"/gi

/** Reads the value of a setting: under a name of a registry it may be a host alone, such as `REGISTRY=k8s.gcr.io`. */
export function readSetting(text: string, span: Span, name: string): Found['parts'] | undefined {
  return (
    readReference(text, span) ??
    (namesRegistry(name) ? readReference(text, span, { registry: true }) : undefined)
  )
}

/**
 * Finds the references in lines such as `image: REFERENCE`, `IMAGE=REFERENCE`, `- REFERENCE`, and in one line of JSON:
 * in what is a file of its own within another, such as a here-document or a heredoc of Terraform.
 */
export function findSettings(
  text: string,
  { start, end }: Span,
  { format, owner, confidence }: { format: Format; owner: string; confidence: Confidence },
): Found[] {
  const found: Found[] = []
  const slice = text.slice(start, end)
  const add = (name: string, from: number, length: number) => {
    const parts = readSetting(text, { start: start + from, end: start + from + length }, name)
    if (parts !== undefined) found.push({ format, parts, owner, confidence })
  }
  for (const match of slice.matchAll(SETTING)) {
    const [whole, name = '', quote, value] = match as unknown as [string, string?, string?, string?]
    // The value may repeat what its name is, hence searched from behind the name.
    const from = whole.indexOf(`${quote}${value}`, whole.indexOf(name) + name.length)
    add(name, match.index + from + quote!.length, value!.length)
  }
  for (const match of slice.matchAll(JSON_IMAGE)) {
    const [whole, name, value] = match as unknown as [string, string, string]
    add(name, match.index + whole.length - 1 - value.length, value.length)
  }
  return found
}

/** How sure a reference is under this name. */
export function confidenceOf(name: string): Confidence {
  return namesImage(name) || namesRegistry(name) ? 'certain' : 'likely'
}
