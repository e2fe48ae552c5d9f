import type { KeyValueStore } from '../../src/workers.ts'

/** A KV namespace in memory that notes what it is asked, and fails when it is told to. */
export interface MemoryKv extends KeyValueStore {
  readonly values: Map<string, string>
  /** Every question so far, as `get KEY` and `put KEY`. */
  readonly asked: string[]
  /** Answers nothing from now on. */
  fail(): void
  /** Never answers again. */
  hang(): void
  recover(): void
}

export function createMemoryKv(values: Readonly<Record<string, string>> = {}): MemoryKv {
  const map = new Map(Object.entries(values))
  const asked: string[] = []
  let state: 'well' | 'down' | 'silent' = 'well'
  const ask = async (question: string) => {
    asked.push(question)
    if (state === 'down') throw new Error('KV is down')
    if (state === 'silent') await new Promise(() => {})
  }
  async function get(key: string): Promise<string | null>
  async function get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>
  async function get(key: string, type?: 'arrayBuffer'): Promise<string | ArrayBuffer | null> {
    await ask(`get ${key}`)
    const value = map.get(key) ?? null
    return value === null || type === undefined ? value : new TextEncoder().encode(value).buffer
  }
  return {
    values: map,
    asked,
    fail() {
      state = 'down'
    },
    hang() {
      state = 'silent'
    },
    recover() {
      state = 'well'
    },
    get,
    async put(key, value) {
      await ask(`put ${key}`)
      map.set(key, value)
    },
  }
}
