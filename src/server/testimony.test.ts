import { beforeEach, expect, it } from 'vitest'
import { makeBlob } from '../../test/support/content.ts'
import { makeInventory } from '../../test/support/inventory.ts'
import { createTestClock, type TestClock } from '../../test/support/test-clock.ts'
import { until } from '../../test/support/until.ts'
import type { Config, StoreConfig } from '../config/config.ts'
import { INVENTORY_POINTER_PATH } from '../inventory/paths.ts'
import { formatInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import { silentLog } from '../telemetry/log.ts'
import { storeOf } from './backends.ts'
import { createTestimony, type Testimony } from './testimony.ts'

const CONFIG: StoreConfig = {
  id: 'paris',
  url: 'https://paris.test',
  blobs: '{digest}',
  at: 'aws/eu-west-3',
  inventory: true,
}
const STORE = storeOf(CONFIG)
const LISTED = makeBlob('listed')
const { pointer, bytes } = makeInventory([LISTED], 1000)

let clock: TestClock
let errors: string[]
let disbelieved: string[]
let testimony: Testimony

beforeEach(async () => {
  clock = createTestClock()
  errors = []
  disbelieved = []
  testimony = createTestimony({
    fetch: () => async () => new Response(formatInventoryPointer(pointer)),
    download: async () => new Response(bytes),
    clock,
    random: () => 0.5,
    log: { ...silentLog, error: (_, message) => errors.push(message) },
    holdsAnything: () => false,
    onDisbelief: (id) => disbelieved.push(id),
    onRefresh() {},
  })
})

async function use(config: StoreConfig): Promise<void> {
  testimony.use({ stores: [config] } as unknown as Config, [STORE], undefined)
  if (config.inventory)
    await until(INVENTORY_POINTER_PATH, () => testimony.status('paris')?.inventory?.status === 'ok')
}

const asked = ({ digest }: { digest: string }): OciRequest => ({
  kind: 'blob',
  name: parseName('app')!,
  digest: digest as Digest,
})

it('a store that lacks its canary for a minute raises one alarm, and is disbelieved once', async () => {
  await use(CONFIG)
  for (let probe = 0; probe < 20; probe++, clock.advance(10_000)) testimony.noteCanary('paris', false)
  expect(errors).toEqual(['a store has nothing of what it should have'])
  expect(disbelieved).toEqual(['paris'])
  expect(testimony.status('paris')).toMatchObject({ missesAll: true, inventory: { believed: false } })
  testimony.noteCanary('paris', true)
  expect(testimony.status('paris')).toMatchObject({ missesAll: false, inventory: { believed: true } })
})

it('so does one that lacks what its inventory lists, but not one that lacks what nobody said it has', async () => {
  await use(CONFIG)
  for (let n = 0; n < 50; n++, clock.advance(10_000)) {
    testimony.noteAnswer(STORE, asked(makeBlob(`new ${n}`)), 'absent')
  }
  expect(errors).toEqual([])
  for (let n = 0; n < 10; n++, clock.advance(10_000)) testimony.noteAnswer(STORE, asked(LISTED), 'absent')
  expect(errors).toHaveLength(1)
})

it('so does one without an inventory that lacks all that clients ask for', async () => {
  await use({ ...CONFIG, inventory: false })
  for (let n = 0; n < 19; n++, clock.advance(10_000)) {
    testimony.noteAnswer(STORE, asked(makeBlob(`blob ${n}`)), 'absent')
    testimony.noteAnswer(STORE, asked(makeBlob(`blob ${n}`)), 'unknown')
  }
  expect(errors).toEqual([])
  testimony.noteAnswer(STORE, asked(LISTED), 'absent')
  expect(errors).toHaveLength(1)
})
