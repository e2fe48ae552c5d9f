import { describeListener } from './suite.ts'

describeListener('bun')
