import { describeAttacks } from './attacks.ts'
import { describeRefusals } from './refusals.ts'
import { describeListener } from './suite.ts'

describeListener('bun')
describeAttacks('bun')
describeRefusals('bun')
