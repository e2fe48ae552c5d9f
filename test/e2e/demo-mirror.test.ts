import { afterAll, expect, it } from 'vitest'
import { startCommand } from '../support/command.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const { missing } = findPrograms('skopeo', 'curl', 'grep')
if (missing !== undefined) console.warn(`the commands that demo --mirror prints are skipped; ${missing}`)

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())

it.skipIf(missing !== undefined)(
  'demo --mirror prints commands that pull, unplug the registry, and pull again',
  async () => {
    const words = ['demo', '--mirror', '--port', '0', '--admin-port', '0', '--folder', folder.path, '--quiet']
    await using demo = startCommand(words, { folder: folder.path })
    let printed = ''
    demo.process.stdout!.on('data', (text) => {
      printed += text
    })
    await until('the demo', () => printed.includes('Ctrl-C ends it'))
    const commandAt = (pattern: RegExp) => pattern.exec(printed)![1]!
    const shell = async (command: string) =>
      String(await runOk('sh', ['-c', `cd ${JSON.stringify(folder.path)} && ${command}`]))

    await shell(commandAt(/^ +(skopeo .* oci:cold)$/m))
    await shell(commandAt(/^ +(kill \d+)$/m))
    await shell(commandAt(/^ +(skopeo .* oci:warm)$/m))
    const answer = await shell(commandAt(/^ +(curl .*)$/m))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(/^warning: 299 - ".*cannot be reached"/im)

    const settings = commandAt(/^ +portolan (node-config .*)$/m)
    expect(settings).toMatch(/--config \S+\.yaml --mirror http:\S+$/)
    demo.process.kill()
    expect((await demo.ended).code).toBe(0)
    // What it kept is gone; the sample images stay for the next time.
    expect((await shell('ls')).split('\n').filter((name) => /^(?:kept|mirror)-/.test(name))).toEqual([])
  },
)
