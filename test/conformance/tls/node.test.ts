import { describeTls } from './suite.ts'

describeTls('node')
