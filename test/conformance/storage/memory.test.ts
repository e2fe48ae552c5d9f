import { systemClock } from '../../../src/adapters/clock.ts'
import { MemoryBucket, openMemoryStore } from '../../../src/storage/memory/memory-store.ts'
import { describeStore } from './suite.ts'

describeStore(
  'memory',
  async () => {
    const bucket = new MemoryBucket()
    return { open: async () => openMemoryStore(systemClock, bucket), async [Symbol.asyncDispose]() {} }
  },
  { lacks: ['credentials', 'missing places', 'a server'] },
)
