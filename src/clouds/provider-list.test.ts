import { expect, it } from 'vitest'
import { azure } from './providers/azure.ts'

const tag = (name: string, addressPrefixes: string) =>
  `{"name":"AzureCloud.${name}","properties":{"addressPrefixes":[${addressPrefixes}]}}`

it.each([
  ['nests without end', '['.repeat(20_000_000), 'it nests deeper than 64'],
  ['is a flood of objects', `[${'{},'.repeat(2_000_000)}{}]`, 'it holds more than 2000000 values'],
  [
    'has more prefixes than the internet has use for',
    `{"values":[${tag('westeurope', `${'"8.8.8.0/24",'.repeat(500_000)}"8.8.8.0/24"`)}]}`,
    'more than 500000 prefixes',
  ],
])('a list that %s is refused', (_, text, message) => {
  expect(() => azure.parse(new TextEncoder().encode(text))).toThrow(message)
})
