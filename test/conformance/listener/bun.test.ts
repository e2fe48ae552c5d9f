import { describeAttacks } from './attacks.ts'
import { describeBodies } from './bodies.ts'
import { describeLifecycle } from './lifecycle.ts'
import { describeOverload } from './overload.ts'
import { describeRefusals } from './refusals.ts'
import { describeListener } from './suite.ts'

describeListener('bun')
describeAttacks('bun')
describeBodies('bun')
describeRefusals('bun')
describeLifecycle('bun')
describeOverload('bun')
