import { describeHostileClients } from './clients.ts'

describeHostileClients('node')
