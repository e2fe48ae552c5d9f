import { describeAttacks } from './attacks.ts'
import { describeListener } from './suite.ts'

describeListener('node', 'tls')
describeAttacks('node', 'tls')
