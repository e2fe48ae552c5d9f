import { describeAttacks } from './attacks.ts'
import { describeLifecycle } from './lifecycle.ts'
import { describeOverload } from './overload.ts'
import { describeRefusals } from './refusals.ts'
import { describeListener } from './suite.ts'

describeListener('node')
describeAttacks('node')
describeRefusals('node')
describeLifecycle('node')
describeOverload('node')
