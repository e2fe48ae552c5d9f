/** Stands for each character of what a template puts in: a value that nobody knows here. */
export const UNKNOWN = '\uE000'
/** Stands for each character of what a template decides by (`if`, `else`, `end`, `for`): values beside it are alternatives. */
export const BRANCH = '\uE001'

/** How actions begin and end: of Go templates and Jinja, of Jinja's statements and comments, of ERB. */
const CLOSINGS: Readonly<Record<string, string>> = { '{{': '}}', '{%': '%}', '{#': '#}', '<%': '%>' }
const OPENING = /\{\{|\{%|(?<!\$)\{#|<%/g
/** Longer ones are no actions of a template. */
const ACTION_MAX = 16 * 1024
const COMMENT = /^(?:\{\{[-~]?\s*\/\*|\{#)/
const CONTROL =
  /^(?:\{\{[-~]?\s*(?:if|else|end|range|with|define|block|template|break|continue|\/\*|!|#|\/)|\{[%#]|<%(?!=))/

/** Whether a text may be a template. */
export function isTemplate(text: string): boolean {
  return text.search(OPENING) >= 0
}

/**
 * Blots out the actions of a template (Go, Jinja, ERB) at the same length, so that a reader of the format below it can
 * read on and every offset stays. A line of nothing but actions becomes blank.
 */
export function maskTemplate(text: string): string {
  if (!isTemplate(text)) return text
  const pieces: string[] = []
  let at = 0
  for (const { start, action } of readActions(text)) {
    pieces.push(text.slice(at, start), blotted(action))
    at = start + action.length
  }
  pieces.push(text.slice(at))
  return pieces
    .join('')
    .replace(/^\uFEFF?[ \t\uE000\uE001]*[\uE000\uE001][ \t\uE000\uE001\r]*$/gm, (line) =>
      line.replace(/[\uE000\uE001]/g, ' '),
    )
}

/** A comment over several lines keeps them, since nothing of it is left between; another action becomes one word. */
function blotted(action: string): string {
  const mark = CONTROL.test(action) ? BRANCH : UNKNOWN
  return mark === BRANCH ? action.replace(/[^\r\n]/g, BRANCH) : UNKNOWN.repeat(action.length)
}

/** One action of a template, and where it stands. */
export interface TemplateAction {
  readonly start: number
  readonly action: string
}

/** The actions of a template that are no comments. */
export function actionsOf(text: string): TemplateAction[] {
  return isTemplate(text) ? [...readActions(text)].filter(({ action }) => !COMMENT.test(action)) : []
}

/** Each opening is closed by the next closing of its kind, which is looked for once, however many wait for it. */
function* readActions(text: string): Iterable<TemplateAction> {
  const next = new Map<string, number>()
  const closingFrom = (closing: string, from: number) => {
    const known = next.get(closing) ?? -1
    if (known >= from) return known
    const found = text.indexOf(closing, from)
    const place = found < 0 ? text.length : found
    next.set(closing, place)
    return place
  }
  let at = 0
  for (const { index, 0: opening } of text.matchAll(OPENING)) {
    if (index < at) continue
    const end = closingFrom(CLOSINGS[opening]!, index + 2) + 2
    if (end > text.length || end - index > ACTION_MAX) continue
    yield { start: index, action: text.slice(index, end) }
    at = end
  }
}
