import { describeCrashes } from './crashes.ts'
import { describeTrouble } from './trouble.ts'

describeCrashes('bun')
describeTrouble('bun')
