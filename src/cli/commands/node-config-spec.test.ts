import { expect, it } from 'vitest'
import { MIRROR_TOOLS } from '../../migrate/mirror-config/tools.ts'
import { CHECKED_TOOLS } from '../../migrate/node-check/check-node.ts'
import { NODE_TOOLS } from '../../migrate/node-config/tools.ts'
import { ON_MACHINES, PRINTED, PRINTED_FOR_MIRROR } from './node-config-spec.ts'

// The spec is read by every command, and so imports nothing of what it speaks of.
it('names the tools whose settings are printed, and those whose settings are on machines', () => {
  expect([...PRINTED].sort()).toEqual(Object.keys(NODE_TOOLS).sort())
  expect([...PRINTED_FOR_MIRROR].sort()).toEqual(Object.keys(MIRROR_TOOLS).sort())
  expect([...ON_MACHINES].sort()).toEqual([...CHECKED_TOOLS].sort())
})
