import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { DOCTOR_REPORT } from './report-schema.ts'

const SCHEMA = fileURLToPath(new URL('../../../docs/schemas/doctor-report.json', import.meta.url))

it('docs/schemas/doctor-report.json is what the schema says', () => {
  expect(JSON.parse(readFileSync(SCHEMA, 'utf8'))).toEqual(z.toJSONSchema(DOCTOR_REPORT))
})

it.each([
  ['nothing', {}],
  ['another version', { version: 2 }],
])('refuses %s', (_, content) => {
  expect(DOCTOR_REPORT.safeParse(content).success).toBe(false)
})
