import { describeDoor } from './suite.ts'

describeDoor('node')
