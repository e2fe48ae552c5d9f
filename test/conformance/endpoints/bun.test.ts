import { describeEndpoints } from './suite.ts'

describeEndpoints('bun')
