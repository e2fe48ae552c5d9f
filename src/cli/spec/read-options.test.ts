import { describe, expect, it } from 'vitest'
import { any, defineCommand } from './command-spec.ts'
import {
  asText,
  list,
  offSwitch,
  oneOf,
  requiredValue,
  switchOption,
  value,
  valueOr,
  wholeNumber,
} from './option-spec.ts'
import { readOptions } from './read-options.ts'

const SPEC = defineCommand({
  name: 'test run',
  description: '',
  argument: any('path', ''),
  options: {
    config: requiredValue('<file>', '', asText, { short: '-c' }),
    atOnce: valueOr('<number>', '', wholeNumber(1, 64), ['4', 4]),
    how: value('<how>', '', oneOf(['slow', 'fast'])),
    tag: list('<tag...>', ''),
    ignore: offSwitch(''),
    json: switchOption(''),
    wipe: switchOption('', { destructive: true }),
  },
  rules: [
    { kind: 'exclude', options: ['how', 'tag'], why: 'because' },
    { kind: 'need', option: 'json', needs: 'how', why: 'so it is' },
    { kind: 'check', fault: ({ atOnce }, paths) => (paths.length > atOnce ? 'too many' : undefined) },
  ],
  examples: [],
})
const CONFIG = { config: ['a.yaml'] }

function read(
  given: Readonly<Record<string, readonly string[]>>,
  environment: Readonly<Record<string, string>> = {},
  paths: readonly string[] = [],
) {
  return readOptions(SPEC, new Map(Object.entries(given)), paths, environment)
}

describe('options', () => {
  it('have their defaults when nobody says anything', () => {
    expect(read(CONFIG)).toEqual({
      config: 'a.yaml',
      atOnce: 4,
      how: undefined,
      tag: undefined,
      ignore: true,
      json: false,
      wipe: false,
    })
  })

  it('are what the command line says, else what their variable says', () => {
    const environment = {
      PORTOLAN_TEST_RUN_CONFIG: 'b.yaml',
      PORTOLAN_TEST_RUN_AT_ONCE: '7',
      PORTOLAN_TEST_RUN_TAG: ' v1  v2 ',
      PORTOLAN_TEST_RUN_NO_IGNORE: 'true',
    }
    expect(read({}, environment)).toMatchObject({
      config: 'b.yaml',
      atOnce: 7,
      tag: ['v1', 'v2'],
      ignore: false,
    })
    const given = { config: ['a', 'c.yaml'], atOnce: ['8'], tag: ['v 3'] }
    expect(read(given, environment)).toMatchObject({ config: 'c.yaml', atOnce: 8, tag: ['v 3'] })
  })

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('a switch whose variable is %j is %j', (text, expected) => {
    const environment = { PORTOLAN_TEST_RUN_JSON: text, PORTOLAN_TEST_RUN_HOW: 'slow' }
    expect(read(CONFIG, environment).json).toBe(expected)
  })

  it('that delete or overwrite are never taken from the environment', () => {
    expect(read(CONFIG, { PORTOLAN_TEST_RUN_WIPE: 'true', PORTOLAN_WIPE: 'true' }).wipe).toBe(false)
  })
})

describe('wrong usage names who says it, what, and what is allowed', () => {
  it.each<
    [string, Record<string, readonly string[]>, Record<string, string>, readonly string[], message: string]
  >([
    ['nothing', {}, {}, [], '--config <file> (or PORTOLAN_TEST_RUN_CONFIG) is required'],
    [
      'an empty variable',
      {},
      { PORTOLAN_TEST_RUN_CONFIG: '' },
      [],
      '--config <file> (or PORTOLAN_TEST_RUN_CONFIG) is required',
    ],
    ['a value', { ...CONFIG, atOnce: ['65'] }, {}, [], '--at-once "65" must be a whole number from 1 to 64'],
    [
      'the value of a variable',
      CONFIG,
      { PORTOLAN_TEST_RUN_AT_ONCE: 'x' },
      [],
      'PORTOLAN_TEST_RUN_AT_ONCE "x" must be a whole number from 1 to 64',
    ],
    ['a choice', { ...CONFIG, how: ['medium'] }, {}, [], '--how "medium" must be one of slow, fast'],
    [
      'the variable of a switch',
      CONFIG,
      { PORTOLAN_TEST_RUN_JSON: 'yes' },
      [],
      'PORTOLAN_TEST_RUN_JSON "yes" must be true, false, 1 or 0',
    ],
    [
      'two that exclude each other',
      { ...CONFIG, how: ['slow'], tag: ['a'] },
      {},
      [],
      '--how and --tag exclude each other: because',
    ],
    [
      'the same, one from the environment',
      { ...CONFIG, how: ['slow'] },
      { PORTOLAN_TEST_RUN_TAG: 'a' },
      [],
      '--how and PORTOLAN_TEST_RUN_TAG exclude each other: because',
    ],
    ['one without the other', { ...CONFIG, json: [] }, {}, [], '--json needs --how: so it is'],
    ['a check', { ...CONFIG, atOnce: ['1'] }, {}, ['a', 'b'], 'too many'],
  ])('%s', (_, given, environment, paths, message) => {
    expect(() => read(given, environment, paths)).toThrow(expect.objectContaining({ code: 'USAGE', message }))
  })
})
