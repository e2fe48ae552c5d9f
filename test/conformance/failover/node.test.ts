import { describeRetries } from './retries.ts'
import { describeSplits } from './splits.ts'
import { describeFailover } from './suite.ts'

describeFailover('node')
describeRetries('node')
describeSplits('node')
