import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { run } from '../../../test/support/programs.ts'
import { fileBeside, isExecutable, ownProgram } from './own-program.ts'

describe('this program', () => {
  it('is started again by the source of its command, from sources', async () => {
    const { command, words } = ownProgram()
    expect(isExecutable()).toBe(false)
    expect(words.at(-1)).toBe(fileURLToPath(new URL('../../cli/main.ts', import.meta.url)))
    const { code, stdout } = await run(command, [...words, '--version'])
    expect({ code, stdout: String(stdout) }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  it('knows words for its own processes, and as commands of people does not', async () => {
    const { command, words } = ownProgram()
    const byPeople = await run(command, [...words, 'demo-upstream', '/nowhere'])
    expect(byPeople).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'demo-upstream'"),
    })
    const child = spawn(command, [...words, 'demo-upstream', '/nowhere'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    await new Promise((resolve) => child.on('close', resolve))
    expect(said).toContain('/nowhere')
    expect(said).not.toContain('unknown command')
  })
})

it.each([
  ['file:///src/adapters/config/parse-in-worker.ts', 'file:///src/adapters/config/parse-worker.ts'],
  ['file:///dist/parse-in-worker-abc123.js', 'file:///dist/parse-worker.js'],
  ['file:///$bunfs/root/portolan', 'file:///$bunfs/root/parse-worker.js'],
])('beside %s a thread is %s', (from, file) => {
  expect(fileBeside(from, 'parse-worker').href).toBe(file)
})
