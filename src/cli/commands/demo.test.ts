import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { runCommand, startCommand } from '../../../test/support/command.ts'
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

it('demo ends with 3 at once when a port is taken, and leaves nothing behind', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  made.defer(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const words = ['demo', '--port', String(port), '--admin-port', '0', '--folder', folder.path]
  // Its streams close when the last process that has them has ended: that of its upstream, too.
  expect(await runCommand(words, { folder: folder.path })).toMatchObject({
    code: 3,
    out: '',
    err: expect.stringMatching(
      new RegExp(
        `^portolan: cannot listen on 127\\.0\\.0\\.1:${port}: [^\\n]*(?:EADDRINUSE|in use)[^\\n]*; --port and --admin-port choose others\\n$`,
      ),
    ),
  })
})

it('demo goes on by its own config while another runs in the same folder, and takes it away when it ends', async () => {
  const words = ['demo', '--port', '0', '--admin-port', '0', '--folder', folder.path, '--quiet']
  const start = async () => {
    const demo = startCommand(words, { folder: folder.path })
    let printed = ''
    demo.process.stdout!.on('data', (text) => {
      printed += text
    })
    await until('the demo', () => printed.includes('Ctrl-C ends it'))
    return { demo, configFile: /Its config is (\S+):/.exec(printed)![1]! }
  }
  const first = await start()
  await using _first = first.demo
  const before = await readFile(first.configFile, 'utf8')
  const second = await start()
  await using _second = second.demo
  second.demo.process.kill()
  await second.demo.ended
  expect(await readFile(first.configFile, 'utf8')).toBe(before)
  first.demo.process.kill()
  await first.demo.ended
  expect((await readdir(folder.path)).filter((name) => name.startsWith('config'))).toEqual([])
})
