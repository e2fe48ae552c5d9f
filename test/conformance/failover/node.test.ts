import { describeFailover } from './suite.ts'

describeFailover('node')
