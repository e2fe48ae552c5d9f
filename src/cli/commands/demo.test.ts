import { afterAll, expect, it } from 'vitest'
import { startCommand } from '../../../test/support/command.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())

it('demo --quiet shows its world, and not what happens in it', async () => {
  const words = ['demo', '--port', '0', '--admin-port', '0', '--folder', folder.path, '--quiet']
  await using demo = startCommand(words, { folder: folder.path })
  let printed = ''
  demo.process.stdout!.on('data', (text) => {
    printed += text
  })
  await until('the demo', () => printed.includes('Ctrl-C ends it'))
  process.kill(Number(/^ +kill (\d+)$/m.exec(printed)![1]))
  const backends = `${/admin service at (http:\/\/[^ ]+)/.exec(printed)![1]}/backends`
  await until('the end of an upstream', async () =>
    (await (await fetch(backends)).text()).includes('"ejected"'),
  )
  demo.process.kill()
  const { code, out, err } = await demo.ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^\nThe door is open at http:/)
  expect(out.split('\n').filter((line) => line.startsWith('{'))).toEqual([])
})
