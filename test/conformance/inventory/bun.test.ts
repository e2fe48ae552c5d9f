import { describeInventories } from './suite.ts'

describeInventories('bun')
