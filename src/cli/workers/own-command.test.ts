import { expect, it } from 'vitest'
import { ownCommand } from './own-command.ts'

it.each([
  [
    'the sources on Node',
    {
      execPath: '/bin/node',
      execArgv: ['--max-old-space-size=256'],
      argv: ['/bin/node', '/src/main.ts', 'serve', 'a'],
    },
    { program: '/bin/node', words: ['--max-old-space-size=256', '/src/main.ts', 'serve', 'a'] },
  ],
  [
    'a debugger, which listens for one process',
    { execPath: '/bin/node', execArgv: ['--inspect=9229'], argv: ['/bin/node', '/bin/portolan', 'serve'] },
    { program: '/bin/node', words: ['/bin/portolan', 'serve'] },
  ],
  [
    'an executable',
    { execPath: '/bin/portolan', execArgv: [], argv: ['bun', '/$bunfs/root/portolan', 'serve', 'a'] },
    { program: '/bin/portolan', words: ['serve', 'a'] },
  ],
])('starts %s again as it was started', (_, process, command) => {
  expect(ownCommand(process)).toEqual(command)
})
