import { escapeRegExp } from '../../internal/escape-reg-exp.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import type { Shape } from './shape.ts'
import { ANSWER_SHAPES } from './shapes/answers.ts'
import { CONTENT_SHAPES } from './shapes/content.ts'
import { MACHINE_SHAPES } from './shapes/machine.ts'
import { NETWORK_SHAPES } from './shapes/network.ts'
import { SHORT_SHAPES } from './shapes/short.ts'
import { TLS_SHAPES } from './shapes/tls.ts'

/** Every shape that `doctor --error` knows. */
export const SHAPES: readonly Shape[] = [
  ...NETWORK_SHAPES,
  ...TLS_SHAPES,
  ...ANSWER_SHAPES,
  ...CONTENT_SHAPES,
  ...MACHINE_SHAPES,
  ...SHORT_SHAPES,
]

/** A shape in one of its wordings. */
export interface Wording {
  readonly shape: Shape
  readonly says: string
  readonly pattern: Pattern
}

let compiled: { readonly all: readonly Wording[]; readonly anchors: RegExp } | undefined

function compile() {
  const all = SHAPES.flatMap((shape) =>
    shape.says.map((says) => ({ shape, says, pattern: compilePattern(says) })),
  )
  const anchors = new Set(all.map(({ pattern }) => escapeRegExp(pattern.anchor)))
  return { all, anchors: new RegExp([...anchors].join('|')) }
}

/** All wordings, made ready when they are first asked for. */
export function wordings(): readonly Wording[] {
  compiled ??= compile()
  return compiled.all
}

/** Whether a line may have any shape at all: most lines of a log have none, and cost no more than this. */
export function mayHaveShape(line: string): boolean {
  compiled ??= compile()
  return compiled.anchors.test(line)
}
