import { describeRetries } from './retries.ts'
import { describeSplits } from './splits.ts'
import { describeFailover } from './suite.ts'

describeFailover('bun')
describeRetries('bun')
describeSplits('bun')
