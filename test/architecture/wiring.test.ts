import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findBackwardWiring } from './wiring.ts'

/** The one place where parts are wired. */
const COMPOSE = 'src/server/compose.ts'
const file = fileURLToPath(new URL(`../../${COMPOSE}`, import.meta.url))

/** Offences of a function with these lines; the first is line 2. */
const offences = (...lines: string[]) =>
  findBackwardWiring('compose.ts', ['async function compose(runtime) {', ...lines, '}'].join('\n'))

describe('the wiring', () => {
  it.skipIf(!existsSync(file))('is one-directional: no part can call one that is made after it', () => {
    expect(findBackwardWiring(COMPOSE, readFileSync(file, 'utf8'))).toEqual([])
  })
})

describe('the wiring may not', () => {
  it.each([
    [
      'give a part a callback into a later one',
      ['const health = createHealth(() => presence.known())', 'const presence = createPresence()'],
      'compose.ts:2: names presence, which is made at line 3',
    ],
    [
      'give it as a shorthand',
      ['const health = createHealth({ presence })', 'const presence = createPresence()'],
      'compose.ts:2: names presence, which is made at line 3',
    ],
    [
      'give it to a later one taken out of an object',
      ['const health = createHealth(() => known())', 'const { known } = createPresence()'],
      'compose.ts:2: names known, which is made at line 3',
    ],
    [
      'give a part to itself',
      ['const health = createHealth(() => health.state)'],
      'compose.ts:2: names health, which is made at line 2',
    ],
    [
      'hide it in a function that stands below',
      [
        'const health = createHealth(ask)',
        'const presence = createPresence()',
        'function ask() { presence.forget() }',
      ],
      'compose.ts:2: names ask, which names presence, which is made at line 3',
    ],
    [
      'hide it in two functions',
      [
        'function outer() { inner() }',
        'const health = createHealth({ on: () => outer() })',
        'const presence = createPresence()',
        'function inner() { presence.forget() }',
      ],
      'compose.ts:3: names outer, which names presence, which is made at line 4',
    ],
    [
      'share what is filled in later',
      ['let presence', 'const health = createHealth(() => presence.known())', 'presence = createPresence()'],
      'compose.ts:3: shares the variable presence with a callback',
    ],
    [
      'tie it by a method',
      ['const health = createHealth()', 'const presence = createPresence(health)', 'health.use(presence)'],
      'compose.ts:4: hands presence to an earlier part, which is made at line 3',
    ],
    [
      'tie it by a method of a part of it, for a part of the later one',
      [
        'const health = createHealth()',
        'const late = create()',
        'await health.monitor?.on(() => late.state)',
      ],
      'compose.ts:4: hands late to an earlier part, which is made at line 3',
    ],
    [
      'tie it by a property',
      ['const health = createHealth()', 'const presence = createPresence()', 'health.ask = presence.known'],
      'compose.ts:4: sets a property, which could tie an earlier part to a later one',
    ],
  ])('%s', (_, lines, offence) => {
    expect(offences(...lines)).toContain(offence)
  })
})

describe('the wiring may', () => {
  it('give later parts earlier ones, and use its own functions and the constants of the file', () => {
    expect(
      offences(
        'const presence = createPresence(LIMIT, runtime)',
        'const health = createHealth({ known: (presence: Presence) => presence.known(), state: () => read() })',
        'const door = health.wrap(createDoor(presence))',
        'function read() { return presence.known() }',
        'let left = 1',
        'left -= 1',
        'health.start(presence)',
        'return { door, health: (id) => door.health(id) }',
      ),
    ).toEqual([])
    expect(
      findBackwardWiring('compose.ts', 'function compose() { return create(LIMIT) }\nconst LIMIT = 1'),
    ).toEqual([])
  })
})
