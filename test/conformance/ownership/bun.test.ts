import { describeOwnership } from './suite.ts'

describeOwnership('bun')
