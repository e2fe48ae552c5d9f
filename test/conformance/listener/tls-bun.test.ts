import { describeAttacks } from './attacks.ts'
import { describeListener } from './suite.ts'

describeListener('bun', 'tls')
describeAttacks('bun', 'tls')
