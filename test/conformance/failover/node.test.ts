import { describeDoubt } from './doubt.ts'
import { describeFailover } from './suite.ts'

describeFailover('node')
describeDoubt('node')
