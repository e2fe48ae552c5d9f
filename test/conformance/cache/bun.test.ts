import { describeCrashes } from './crashes.ts'

describeCrashes('bun')
