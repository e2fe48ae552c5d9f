import { describeRetries } from './retries.ts'
import { describeFailover } from './suite.ts'

describeFailover('bun')
describeRetries('bun')
