import { expect, it } from 'vitest'
import { copied } from './watch-body.ts'

it('pieces that are copied stay what they are when the memory they lay in is used again', async () => {
  const memory = new Uint8Array(2)
  let turn = 0
  const lent = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (++turn > 3) return controller.close()
        controller.enqueue(memory.fill(turn))
      },
    },
    { highWaterMark: 0 },
  )
  const pieces = []
  for await (const piece of copied(lent)) pieces.push(piece)
  expect(pieces.map(([first]) => first)).toEqual([1, 2, 3])
})
