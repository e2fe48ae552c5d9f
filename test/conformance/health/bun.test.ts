import { describeHealth } from './suite.ts'

describeHealth('bun')
