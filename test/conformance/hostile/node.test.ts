import { describeHostileClients } from './clients.ts'
import { describeHostileFolders } from './folders.ts'
import { describeHostileRegistries } from './registries.ts'

describeHostileClients('node')
describeHostileFolders('node')
describeHostileRegistries('node')
