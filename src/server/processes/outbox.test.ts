import { expect, it } from 'vitest'
import { Outbox } from './outbox.ts'

/** A channel that takes messages when the test lets it. */
function channel() {
  const sent: string[] = []
  const pending: (() => void)[] = []
  const outbox = new Outbox<string>((message, taken) => {
    sent.push(message)
    pending.push(taken)
  })
  const take = (count: number) => {
    for (const taken of pending.splice(0, count)) taken()
  }
  return { outbox, sent, take }
}

it('sends in order what the channel takes', () => {
  const { outbox, sent } = channel()
  outbox.put('config', 'config')
  outbox.offer('event')
  outbox.put('open', 'open')
  expect(sent).toEqual(['config', 'event', 'open'])
})

it('drops events, and counts them, while the channel takes nothing; what stands is sent later, the last of each kind', () => {
  const { outbox, sent, take } = channel()
  for (let n = 0; n < 1000; n++) outbox.offer(`event ${n}`)
  const onItsWay = sent.length
  expect(onItsWay).toBeLessThan(100)
  expect(outbox.dropped).toBe(1000 - onItsWay)
  for (let n = 0; n < 1000; n++) outbox.put(`backend ${n % 2}`, `state ${n}`)
  expect(sent).toHaveLength(onItsWay)
  take(onItsWay)
  expect(sent.slice(onItsWay)).toEqual(['state 998', 'state 999'])
})

it('bounds what is on its way by its size, too', () => {
  const { outbox, sent } = channel()
  for (let n = 0; n < 20; n++) outbox.offer('large', 1024 * 1024)
  expect(sent).toHaveLength(4)
  expect(outbox.dropped).toBe(16)
})

it('goes on with a channel that takes at once, or is gone', () => {
  const sent: string[] = []
  const outbox = new Outbox<string>((message, taken) => {
    sent.push(message)
    taken()
  })
  for (let n = 0; n < 200; n++) outbox.put('state', `${n}`)
  expect(sent).toHaveLength(200)
})

it('goes on with a channel that is gone, however much waited for it', () => {
  const pending: (() => void)[] = []
  let isGone = false
  const outbox = new Outbox<string>((_, taken) => void (isGone ? taken() : pending.push(taken)))
  for (let n = 0; n < 50_000; n++) outbox.put(`backend ${n}`, 'state')
  isGone = true
  pending[0]!()
  isGone = false
  outbox.offer('event')
  expect([pending.length, outbox.dropped]).toEqual([65, 0])
})
