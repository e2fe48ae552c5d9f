import { describeDoubt } from './doubt.ts'
import { describeFailover } from './suite.ts'

describeFailover('bun')
describeDoubt('bun')
