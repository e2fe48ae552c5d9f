import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { unitCommands } from './systemd-units.ts'

const UNIT = '/usr/lib/systemd/system/docker.service'

describe('units of systemd', () => {
  const wordsOf = (texts: Record<string, string>) => {
    let words: string[] = []
    const { faults } = checkedUp((checkup) => {
      words = unitCommands(checkup, 'docker.service').map((command) => command.words.join(' '))
    }, texts)
    return { words, faults }
  }
  const unit = '[Service]\nExecStart=/usr/bin/dockerd -H "fd://"\n'
  const dropIn = '/etc/systemd/system/docker.service.d'

  it('are changed by drop-ins', () => {
    expect(
      wordsOf({ [UNIT]: unit, [`${dropIn}/a.conf`]: '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n' }),
    ).toEqual({
      words: ['/usr/bin/dockerd'],
      faults: [],
    })
  })

  it('have one command, unless they are oneshot', () => {
    const second = {
      [UNIT]: unit,
      [`${dropIn}/a.conf`]: '[Service]\n# ExecStart=\nExecStart=/usr/bin/dockerd\n',
    }
    expect(wordsOf(second).faults).toEqual([`${dropIn}/a.conf:3 second-exec-start broken`])
    expect(wordsOf({ ...second, [UNIT]: `${unit}Type=oneshot\n` }).faults).toEqual([])
  })

  it('do not read drop-ins of other names', () => {
    expect(wordsOf({ [UNIT]: unit, [`${dropIn}/a.config`]: '[Service]\nExecStart=\n' })).toEqual({
      words: ['/usr/bin/dockerd -H fd://'],
      faults: [`${dropIn}/a.config:1 drop-in-name unused`],
    })
  })

  it('of /etc take the place of those of packages', () => {
    const own = '[Service]\nExecStart=/opt/dockerd\n'
    expect(wordsOf({ [UNIT]: unit, '/etc/systemd/system/docker.service': own }).words).toEqual([
      '/opt/dockerd',
    ])
  })
})
