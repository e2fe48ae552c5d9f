import { describeDoor } from './suite.ts'

describeDoor('bun')
