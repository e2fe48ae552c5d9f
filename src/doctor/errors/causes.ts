import type { Cause } from './cause.ts'
import { ANSWER_CAUSES } from './causes/answers.ts'
import { CONTENT_CAUSES } from './causes/content.ts'
import { MACHINE_CAUSES } from './causes/machine.ts'
import { NETWORK_CAUSES } from './causes/network.ts'
import { TLS_CAUSES } from './causes/tls.ts'

const ALL = {
  ...NETWORK_CAUSES,
  ...TLS_CAUSES,
  ...ANSWER_CAUSES,
  ...CONTENT_CAUSES,
  ...MACHINE_CAUSES,
}

/** A cause by its id: a closed set, to which later versions may add. */
export type CauseId = keyof typeof ALL

/** Every cause that `doctor --error` can name, by its id. */
export const CAUSES: Readonly<Record<CauseId, Cause>> = ALL
