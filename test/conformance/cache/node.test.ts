import { describeCrashes } from './crashes.ts'
import { describeTrouble } from './trouble.ts'

describeCrashes('node')
describeTrouble('node')
