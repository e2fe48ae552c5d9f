import { describeOwnership } from './suite.ts'

describeOwnership('node')
