import { describe, expect, it } from 'vitest'
import { makeBlob } from '../../test/support/content.ts'
import { type Fault, startMisbehaving } from '../../test/support/misbehaving.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import { systemClock } from '../adapters/clock.ts'
import { withIdleTimeout } from './idle-timeout.ts'
import { readBody } from './read-body.ts'

const real = (milliseconds: number) =>
  withIdleTimeout(milliseconds, systemClock)((url, init) => fetch(url, init))

describe('an idle timeout', () => {
  it.each<Fault>(['hang before headers', 'stall in the body'])('ends %s', async (fault) => {
    await using server = await startMisbehaving({ content: () => makeBlob('blob'), fault })
    const read = async () => readBody(await real(200)(server.origin, {}), 10_000)
    await expect(read()).rejects.toThrow('nothing came for 0.2 s')
  })

  it('lets a body that comes slowly come to its end', async () => {
    const clock = createTestClock()
    let left = 10
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        clock.advance(90)
        if (left-- > 0) controller.enqueue(new Uint8Array(1))
        else controller.close()
      },
    })
    const response = await withIdleTimeout(100, clock)(async () => new Response(body))('http://a.test', {})
    expect((await readBody(response, 100))?.length).toBe(10)
  })

  it('does not run while nobody reads', async () => {
    const clock = createTestClock()
    const guarded = withIdleTimeout(100, clock)(async () => new Response('well'))
    const response = await guarded('http://a.test', {})
    clock.advance(1_000_000)
    expect(await response.text()).toBe('well')
  })
})
