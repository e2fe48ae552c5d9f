import { expect, test } from 'vitest'
import { enoughPrefixes, toBytes } from '../../../test/support/provider-lists.ts'
import { azure, locateServiceTags } from './azure.ts'

const link = (date: string, folder = '7/1/d/71d86715-5596-4529-9b13-da13a5de5b63') =>
  `https://download.microsoft.com/download/${folder}/ServiceTags_Public_${date}.json`

test('only the tags of regions count: the others repeat their prefixes by service', () => {
  const tag = (name: string, addressPrefixes: string[]) => ({
    name,
    properties: { region: '', addressPrefixes },
  })
  const regional = enoughPrefixes(azure)
  const list = {
    values: [
      tag('AzureCloud', ['20.0.0.0/8']),
      tag('AzureCloud.westeurope', regional),
      tag('Storage.WestEurope', ['20.0.0.0/8']),
      tag('ActionGroup', ['20.0.0.0/8']),
    ],
  }
  const { entries } = azure.parse(toBytes(JSON.stringify(list)))
  expect(entries).toHaveLength(regional.length)
  expect(entries[0]!.place).toBe('azure/westeurope')
})

test('the newest link of the download page is the list', () => {
  const html = `<a href="${link('20260720')}">x</a> {"url":"${link('20260803')}"} <a href='${link('20260727')}'>`
  expect(azure.locate!(html)).toBe(link('20260803'))
})

test.each([
  '',
  '<html>404</html>',
  link('20260803').replace('Public', 'China'),
  link('20260803').replace('download.microsoft.com', 'download.microsoft.com.example'),
  link('20260803').replace('https:', 'http:'),
  link('20260803', '7/../../x?y='),
])('a page without a link to Microsoft’s file is refused: %s', (html) => {
  expect(() => locateServiceTags(html)).toThrow(/no link to ServiceTags_Public/)
})
