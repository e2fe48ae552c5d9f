import { expect, it } from 'vitest'
import { createDoorRuntime } from '../../src/adapters/node/door-runtime.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ITEMS_PER_STEP } from '../../src/internal/steps.ts'
import { createPortolan } from '../../src/server/compose.ts'

const CONFIG = { version: 1, upstreams: [{ id: 'a', url: 'http://127.0.0.1:1', at: 'my/berlin' }] }
const STEPS = 4

it('a reload of many places lets others go on at least five times for each part of them', async () => {
  const runtime = createDoorRuntime()
  let turns = 0
  await using service = await createPortolan(loadConfig(CONFIG), {
    ...runtime,
    after(milliseconds, work) {
      if (milliseconds === 0) turns++
      return runtime.after(milliseconds, work)
    },
  })
  const places = Array.from({ length: STEPS * ITEMS_PER_STEP }, (_, index) => ({
    prefix: `10.${index >> 8}.${index & 255}.0/24`,
    at: `my/region-${index}`,
  }))
  const next = loadConfig({ ...CONFIG, clouds: { places } })
  turns = 0
  await service.reload(next)
  // Reading them, telling them apart, sorting, sweeping, and writing cells.
  expect(turns).toBeGreaterThanOrEqual(5 * STEPS)
})
