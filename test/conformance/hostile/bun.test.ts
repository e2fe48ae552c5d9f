import { describeHostileClients } from './clients.ts'
import { describeHostileFolders } from './folders.ts'
import { describeHostileToOperators } from './operators.ts'
import { describeHostileRegistries } from './registries.ts'

describeHostileClients('bun')
describeHostileFolders('bun')
describeHostileRegistries('bun')
describeHostileToOperators('bun')
