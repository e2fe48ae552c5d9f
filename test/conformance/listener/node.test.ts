import { describeAttacks } from './attacks.ts'
import { describeBodies } from './bodies.ts'
import { describeLifecycle } from './lifecycle.ts'
import { describeOverload } from './overload.ts'
import { describeRefusals } from './refusals.ts'
import { describeListener } from './suite.ts'

describeListener('node')
describeAttacks('node')
describeBodies('node')
describeRefusals('node')
describeLifecycle('node')
describeOverload('node')
