import { FULL } from '../../support/sample.ts'
import { describeAttacks } from './attacks.ts'
import { describeBodies } from './bodies.ts'
import { describeHandshakes } from './handshakes.ts'
import { describeListener } from './suite.ts'

describeHandshakes('bun')
describeListener('bun', 'tls')
// Most of them are the same bytes a layer further up: every day over TCP, over TLS with all the long ones.
if (FULL) {
  describeAttacks('bun', 'tls')
  describeBodies('bun', 'tls')
}
