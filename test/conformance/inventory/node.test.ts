import { describeInventories } from './suite.ts'

describeInventories('node')
