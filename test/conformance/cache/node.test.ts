import { describeCrashes } from './crashes.ts'

describeCrashes('node')
