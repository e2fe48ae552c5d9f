import { describeOperations } from './suite.ts'

describeOperations('bun')
