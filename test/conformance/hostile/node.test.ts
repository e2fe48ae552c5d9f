import { describeHostileClients } from './clients.ts'
import { describeHostileFolders } from './folders.ts'
import { describeHostileToOperators } from './operators.ts'
import { describeHostileRegistries } from './registries.ts'

describeHostileClients('node')
describeHostileFolders('node')
describeHostileRegistries('node')
describeHostileToOperators('node')
