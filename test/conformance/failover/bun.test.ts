import { describeFailover } from './suite.ts'

describeFailover('bun')
