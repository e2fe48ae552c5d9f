import { describeAttacks } from './attacks.ts'
import { describeHandshakes } from './handshakes.ts'
import { describeListener } from './suite.ts'

describeListener('node', 'tls')
describeAttacks('node', 'tls')
describeHandshakes('node')
