import { describeLegacy } from './suite.ts'

describeLegacy('node')
