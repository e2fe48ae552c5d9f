import { describeMetrics } from './suite.ts'

describeMetrics('bun')
