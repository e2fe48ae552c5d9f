import { describeMetrics } from './suite.ts'

describeMetrics('node')
