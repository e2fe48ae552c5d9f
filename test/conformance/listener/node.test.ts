import { describeListener } from './suite.ts'

describeListener('node')
