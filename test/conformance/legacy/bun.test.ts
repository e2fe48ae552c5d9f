import { describeLegacy } from './suite.ts'

describeLegacy('bun')
