import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapeRegExp } from './escape-reg-exp.ts'

test('matches the text and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, other) => {
      const whole = new RegExp(`^(?:${escapeRegExp(text)})$`)
      expect(whole.test(text)).toBe(true)
      expect(whole.test(other)).toBe(other === text)
    }),
  )
})

test.each(['^$\\.*+?()[]{}|', 'a.b', 'k8s.gcr.io/*', '\n'])('%j', (text) => {
  expect(`<${text}>`.replace(new RegExp(escapeRegExp(text)), '')).toBe('<>')
})
