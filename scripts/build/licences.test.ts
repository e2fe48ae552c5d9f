import { describe, expect, it } from 'vitest'
import { formatLicences } from './licences.ts'

const one = { name: 'one', version: '1.0.0', licence: 'MIT', text: 'Copyright (c) One\n\nPermission …\n' }

describe('the licences of what is bundled', () => {
  it('are one text, with equal ones together', () => {
    const text = formatLicences([
      { ...one, name: 'two', text: 'Copyright (c) One\r\n\r\nPermission …' },
      { ...one, name: 'three', licence: 'ISC', text: 'Copyright (c) Three' },
      one,
    ])
    expect(text).toContain('\none 1.0.0 (MIT)\ntwo 1.0.0 (MIT)\n\nCopyright (c) One\n\nPermission …\n')
    expect(text).toContain('\nthree 1.0.0 (ISC)\n\nCopyright (c) Three\n')
    expect(text.match(/Copyright \(c\) One/g)).toHaveLength(1)
  })

  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'GPL-2.0-only OR Apache-2.0', 'MIT AND ISC'])(
    'may be %s',
    (licence) => {
      expect(formatLicences([{ ...one, licence }])).toContain(`one 1.0.0 (${licence})`)
    },
  )

  it.each([
    [{ ...one, licence: undefined }, 'one 1.0.0 states no licence'],
    [
      { ...one, licence: 'GPL-3.0-only' },
      'one 1.0.0 is under GPL-3.0-only; it has to be one of 0BSD, Apache-2.0',
    ],
    [{ ...one, licence: 'MIT AND GPL-3.0-only' }, 'one 1.0.0 is under MIT AND GPL-3.0-only'],
    [{ ...one, licence: 'SEE LICENSE IN LICENSE.md' }, 'one 1.0.0 is under SEE LICENSE IN LICENSE.md'],
    [{ ...one, text: ' \n' }, 'one 1.0.0 comes without the text of its licence, MIT'],
  ])('stop the build: %o', (faulty, message) => {
    expect(() => formatLicences([one, faulty])).toThrow(message)
  })
})
