/** Where in a pull it failed, in the order of a pull; `machine` is what the client's own machine refuses. */
export const STEPS = [
  'name',
  'proxy',
  'dns',
  'connect',
  'tls',
  'http',
  'login',
  'manifest',
  'blob',
  'unpack',
  'machine',
] as const
export type Step = (typeof STEPS)[number]

/** Who can mend it. */
export type Owner = 'this machine' | 'the network' | 'the registry' | 'the image'

/**
 * Why a pull fails. In what is said, and in what to type, `{host}`, `{port}`, `{image}`, `{url}` and the like stand for
 * what the message names, and for themselves in capitals where it names none.
 */
export interface Cause {
  readonly step: Step
  readonly owner: Owner
  /** What is wrong, in one sentence. */
  readonly is: string
  /** What lies behind it most often, the likeliest first. */
  readonly because: readonly string[]
  /** What to do, the quickest first; in backticks what to type. */
  readonly try: readonly string[]
  /** The network has to let this machine reach the host. */
  readonly allow?: true
}

/** Takes causes as they are, and their ids with them. */
export function defineCauses<const Id extends string>(causes: Readonly<Record<Id, Cause>>) {
  return causes
}
