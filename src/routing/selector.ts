import type { Backend } from './backend.ts'

/** What a rule names backends by, with its text for explanations. */
export interface Selector {
  readonly text: string
  /** Whether it stands for all of a kind, and not for one backend that the operator named. */
  readonly isGroup: boolean
  readonly selects: (backend: Backend) => boolean
}

/** `stores`, `upstreams`, `stores@CLOUD`, `upstreams@CLOUD`, or the id of a backend. */
export function compileSelector(text: string): Selector {
  const match = /^(stores|upstreams)(?:@(.+))?$/.exec(text)
  if (match === null) return { text, isGroup: false, selects: (backend) => backend.id === text }
  const kind = match[1] === 'stores' ? 'store' : 'upstream'
  const cloud = match[2]
  return {
    text,
    isGroup: true,
    selects: (backend) => backend.kind === kind && (cloud === undefined || backend.place.cloud === cloud),
  }
}
