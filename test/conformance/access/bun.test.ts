import { describeAccess } from './suite.ts'

describeAccess('bun')
