import { describeTls } from './suite.ts'

describeTls('bun')
