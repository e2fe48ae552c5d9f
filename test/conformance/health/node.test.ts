import { describeHealth } from './suite.ts'

describeHealth('node')
