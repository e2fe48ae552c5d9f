import { describeAccess } from './suite.ts'

describeAccess('node')
