import { describeHostileClients } from './clients.ts'

describeHostileClients('bun')
