import { describeAttacks } from './attacks.ts'
import { describeHandshakes } from './handshakes.ts'
import { describeListener } from './suite.ts'

describeListener('bun', 'tls')
describeAttacks('bun', 'tls')
describeHandshakes('bun')
