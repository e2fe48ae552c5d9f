import { describeWorkers } from './suite.ts'

describeWorkers('bun')
