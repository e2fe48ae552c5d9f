import { describeWorkers } from './suite.ts'

describeWorkers('node')
