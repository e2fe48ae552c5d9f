import { describeOperations } from './suite.ts'

describeOperations('node')
