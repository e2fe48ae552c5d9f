import { describeEndpoints } from './suite.ts'

describeEndpoints('node')
