import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkDocker } from './docker.ts'

const DAEMON = '/etc/docker/daemon.json'
const UNIT = '/usr/lib/systemd/system/docker.service'

describe('dockerd', () => {
  const check = (texts: Record<string, string>) => checkedUp((checkup) => checkDocker(checkup), texts)
  const mirrors = (...urls: string[]) => `{\n  "registry-mirrors": ${JSON.stringify(urls)}\n}\n`

  it('has mirrors of Docker Hub, which is asked last', () => {
    expect(check({ [DAEMON]: mirrors('https://a.example', 'http://b.example:5000/') })).toMatchObject({
      faults: [],
      mirrors: [
        'docker.io -> https://a.example/v2 used, then http://b.example:5000/v2',
        'docker.io -> http://b.example:5000/v2 used, then docker.io',
      ],
    })
    expect(check({}).faults).toEqual([])
  })

  it.each([
    ['a path', mirrors('https://a.example/v2'), 2],
    ['no scheme', mirrors('a.example'), 2],
    ['a text', '{\n "registry-mirrors": "https://a.example"\n}', 2],
    ['no JSON', '{\n  "registry-mirrors": ["https://a.example"],\n}\n', 3],
    ['nothing in it', '', 1],
  ])('does not start with %s', (_, text, line) => {
    expect(check({ [DAEMON]: text }).faults).toEqual([`${DAEMON}:${line} daemon-refused broken`])
  })

  it('does not start with mirrors in two places', () => {
    const unit =
      '[Service]\nType=notify\nExecStart=/usr/bin/dockerd \\\n  --registry-mirror=https://b.example\n'
    expect(check({ [DAEMON]: mirrors('https://a.example'), [UNIT]: unit }).faults).toEqual([
      `${UNIT}:3 daemon-refused broken`,
    ])
    expect(check({ [UNIT]: unit }).mirrors).toEqual([
      'docker.io -> https://b.example/v2 used, then docker.io',
    ])
  })
})
