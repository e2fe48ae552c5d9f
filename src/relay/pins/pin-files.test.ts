import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { PinFiles } from './pin-files.ts'

/** Files whose texts are played with; an error is what reading gives. */
class Scene {
  readonly texts = new Map<string, string | Error>()
  /** What was told: of each list its file, how many images it names, and the first fault. */
  readonly told: string[][] = []
  readonly #works: Promise<unknown>[] = []
  readonly #runtime = createTestRuntime({ background: (work) => void this.#works.push(work) })
  readonly files = new PinFiles({
    runtime: this.#runtime,
    read: async (file) => {
      const text = this.texts.get(file)
      if (typeof text === 'string') return text
      throw text ?? new Error('ENOENT')
    },
    onLists: (lists) => {
      this.told.push(
        lists.map(({ file, images, faults }) =>
          [file, images.length, faults[0]?.message ?? ''].join(' ').trim(),
        ),
      )
    },
  })

  async settled(milliseconds = 0): Promise<void> {
    this.#runtime.advance(milliseconds)
    for (const work of this.#works.splice(0)) await work
  }
}

it('tells of all lists at first, and then when one has changed', async () => {
  const scene = new Scene()
  scene.texts.set('a', 'x/y:1\n').set('b', '# none\n')
  scene.files.follow(['a', 'b'])
  await scene.settled()
  await scene.settled(10_000)
  scene.texts.set('b', 'x/z:1\nx/z:2\n')
  await scene.settled(10_000)
  expect(scene.told).toEqual([
    ['a 1', 'b 0'],
    ['a 1', 'b 2'],
  ])
})

it('goes on by what a file said that cannot be read any more, and says why of one that never could be', async () => {
  const scene = new Scene()
  scene.texts.set('a', 'x/y:1\n')
  scene.files.follow(['a', 'b'])
  await scene.settled()
  scene.texts.set('a', new Error('EACCES'))
  await scene.settled(10_000)
  expect(scene.told).toEqual([['a 1', 'b 0 it cannot be read: ENOENT']])
  scene.texts.set('b', 'x/z:1\n')
  await scene.settled(10_000)
  expect(scene.told.at(-1)).toEqual(['a 1', 'b 1'])
})

it('follows other files when it is told to, and nothing once it is closed', async () => {
  const scene = new Scene()
  scene.texts.set('a', 'x/y:1\n').set('b', 'x/z:1\n')
  scene.files.follow(['a'])
  await scene.settled()
  scene.files.follow(['a'])
  scene.files.follow(['b'])
  await scene.settled()
  scene.files.follow(['b'], true)
  await scene.settled()
  expect(scene.told).toEqual([['a 1'], ['b 1'], ['b 1']])
  scene.files[Symbol.dispose]()
  scene.texts.set('b', '')
  await scene.settled(60_000)
  expect(scene.told).toHaveLength(3)
})
