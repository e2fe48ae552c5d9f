import { expect, test } from 'vitest'
import { legacyFiles } from '../../../test/support/legacy-files.ts'
import { createTestClock, withTurns } from '../../../test/support/test-clock.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { loadConfig } from '../../config/load.ts'
import { createObservers } from '../../internal/observers.ts'
import type { DoorRuntime } from '../runtime.ts'
import { LegacyBook, type OutcomeSink } from './legacy-book.ts'
import { type LegacyPlan, openLegacy } from './legacy-plan.ts'

const BEGINNING = Date.parse('2026-01-01T00:00:00Z')
const NOBODY: OutcomeSink = { note() {} }

function listOf(unknown: number): string {
  return JSON.stringify({
    ...{ version: 1, host: 'old.example', listedFrom: 'x', listed: '2025-12-31T00:00:00Z' },
    ...{ successor: 'new.example', checked: '2025-12-31T00:00:00Z' },
    counts: {
      ...{ repositories: 0, tags: 0, manifests: 0, blobs: 0, referrers: 0 },
      ...{ missing: 0, different: 0, excepted: 0, unknown },
    },
    findings: [],
    repositories: {},
  })
}

/** A book beside a list that can be written anew, and what passes its seconds. */
async function open(elsewhere: OutcomeSink | undefined, more: Readonly<Record<string, string>> = {}) {
  const work: Promise<unknown>[] = []
  const files = new Map<string, string | Promise<string>>([['/list', listOf(0)], ...Object.entries(more)])
  const runtime = createTestRuntime({
    ...withTurns(createTestClock()),
    legacy: legacyFiles(files),
    background: (each: Promise<unknown>) => void work.push(each),
  } as Partial<DoorRuntime>)
  const phases = [{ phase: 'warn', from: new Date(BEGINNING).toISOString() }]
  const config = loadConfig({
    version: 1,
    upstreams: [{ id: 'main', url: 'https://main.example', at: 'test/main' }],
    legacy: {
      host: 'old.example',
      successor: 'new.example',
      frozen: '2025-06-01',
      list: '/list',
      off: '/off',
      record: '/record',
      phases,
    },
  })
  const changes = createObservers<{ legacy: LegacyPlan | undefined }>()
  const book = new LegacyBook(runtime as never, changes, elsewhere)
  changes.notify({ legacy: await openLegacy(config, runtime as never, { isTold: elsewhere !== undefined }) })
  return {
    book,
    files,
    async pass() {
      runtime.advance(1000)
      await Promise.all(work.splice(0))
    },
  }
}

test('a process that does not decide begins no phase by itself: what is not known any more holds it until it is told', async () => {
  const { book, files, pass } = await open(NOBODY)
  expect(book.states.map(({ state }) => state.state)).toEqual(['on'])
  expect(book.known).toEqual({ begun: [], ended: [] })
  files.set('/list', listOf(1))
  // What one look has read, the next one goes by.
  await pass()
  await pass()
  expect(book.states.map(({ state }) => state.state)).toEqual(['held'])
  book.use({ begun: ['warn-1'], ended: [] })
  expect(book.states.map(({ state }) => state.state)).toEqual(['on'])
  book.use({ begun: ['warn-1'], ended: ['warn-1'] })
  expect(book.states.map(({ state }) => state.state)).toEqual(['ended'])
})

test('the process that decides begins it, and goes on when something is not known any more', async () => {
  const { book, files, pass } = await open(undefined)
  expect(book.known).toEqual({ begun: ['warn-1'], ended: [] })
  files.set('/list', listOf(1))
  // What one look has read, the next one goes by.
  await pass()
  await pass()
  expect(book.states.map(({ state }) => state.state)).toEqual(['on'])
})

test('what is wrong with its files keeps a process from starting, but not one that is told: it waits for others', async () => {
  const wrong = { '/list': '{', '/record': '{' }
  await expect(open(undefined, wrong)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  const { book, files, pass } = await open(NOBODY, wrong)
  expect(book.states.map(({ state }) => state)).toEqual([{ state: 'held', why: '/list cannot be used' }])
  files.set('/list', listOf(0))
  await pass()
  await pass()
  expect(book.states.map(({ state }) => state.state)).toEqual(['on'])
})
